"""The sidecar's web side: report URLs, the REST API under /api/v1, health. Built by `create_web(app)`.

Nothing is computed or kept here: every answer comes from the same functions that the pages use.
"""

from core.web.app import create_web

__all__ = ["create_web"]
