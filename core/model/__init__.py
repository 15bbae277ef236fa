"""What Bridgecast keeps: specifications (pydantic, what people write) and tables (SQLModel, what the store holds).

By subject: data, analysis, delivery, access; `document` is the rendered report before it is drawn. No behaviour lives
here beyond checking a value's form.
"""
