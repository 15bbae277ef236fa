"""The store: everything people define (datasets, analyses, exports, people), in SQLite.

`engine` opens it, one module a subject reads and writes it. Rows of data are not here: they lie in the warehouse.
Every function takes a session of `Store.read()` or `Store.write()`; what it returns stays valid after the session.
"""

from core.store.engine import Store

__all__ = ["Store"]
