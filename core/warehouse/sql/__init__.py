"""The one place that turns questions into SQL: names pass through `base.quote`, values are always parameters.

Nothing here runs a statement. How a source's files are read stands in `core/warehouse/read.py`.
"""
