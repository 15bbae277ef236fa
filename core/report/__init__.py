"""From a Bridge to what people read: numbers, dates, sentences, charts, pictures, tables, the report page.

All of it is drawn from one Bridge, and every figure is printed by `numbers`, so no two surfaces disagree. Nothing here
queries, stores or sends.
"""
