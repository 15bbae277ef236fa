"""The web app, put together."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI

from core.access.attempts import Attempts
from core.app import App
from core.delivery.meters import Meters
from core.settings import PRODUCT_VERSION
from core.web.acting import Acting
from core.web.api import PREFIX, api_routes
from core.web.csrf import Csrf
from core.web.docs import docs_routes, openapi
from core.web.drawing import Drawer
from core.web.frame import Frame
from core.web.heads import Heads
from core.web.health import health_routes
from core.web.metrics import metrics_routes
from core.web.oidc import oidc_routes
from core.web.pictures import picture_routes
from core.web.problems import add_problem_handlers
from core.web.proxies import Proxies
from core.web.reports import Reports
from core.web.sign_in import sign_in_routes
from core.web.slack import slack_routes
from core.web.static import static_routes
from core.web.strangers import Strangers
from core.web.triggers import TriggerUrls
from core.web.unsubscribe import unsubscribe_routes
from core.web.views import Views

# A reader waits so long for newer data, then gets the last good copy.
WAIT_S = 10.0


def nobody_waits() -> None:
    """What is asked for waits for a sidecar."""


def create_web(
    app: App,
    *,
    wait_s: float = WAIT_S,
    wake: Callable[[], None] = nobody_waits,
    meters: Meters | None = None,
) -> FastAPI:
    """Report URLs, trigger URLs, REST API and health on one `App`, which stays the caller's to close.

    wake: tells workers that a run was asked for. meters: what those workers count.
    """
    web = FastAPI(
        title="Bridgecast",
        version=PRODUCT_VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    web.state.app, web.state.drawer, web.state.views = app, Drawer(app), Views()
    web.state.attempts, web.state.wake = Attempts(), wake
    web.include_router(health_routes(app))
    web.include_router(metrics_routes(app, meters or Meters()))
    web.include_router(static_routes())
    web.include_router(sign_in_routes(app))
    web.include_router(oidc_routes(app))
    web.include_router(unsubscribe_routes(app))
    web.include_router(slack_routes(app))
    web.include_router(picture_routes(app))
    web.include_router(api_routes())
    web.include_router(docs_routes(web), prefix=PREFIX)
    add_problem_handlers(web)
    web.add_middleware(Csrf, keys=app.keys, settings=app.settings)
    web.add_middleware(Acting)
    web.add_middleware(Heads)
    web.add_middleware(Reports, app=app, drawer=web.state.drawer, views=web.state.views, wait_s=wait_s)
    web.add_middleware(TriggerUrls, app=app)
    web.add_middleware(Strangers)
    web.add_middleware(Frame, is_https=app.settings.is_https)
    web.add_middleware(Proxies, trusted=app.settings.trusted_networks)
    web.openapi = lambda: openapi(web)  # type: ignore[method-assign]
    return web
