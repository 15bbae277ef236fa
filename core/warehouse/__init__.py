"""Versions of datasets as Parquet files, their marginal tables, and the only SQL over them.

No formulas of the engine, no store, no pages.
"""

from core.warehouse.inspect import Inspection, inspect
from core.warehouse.versions import Version
from core.warehouse.warehouse import Warehouse

__all__ = ["Inspection", "Version", "Warehouse", "inspect"]
