"""The domains that mails may go to."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from core.delivery.domains import MOST_DOMAINS
from core.model.base import Spec
from core.web.auth import ExportReader, SettingsWriter, TheApp
from core.web.problems import answers

routes = APIRouter(tags=["exports"])


class Domains(Spec):
    """Exact ones, and `*.example.org` for the subdomains of one. None: any."""

    domains: tuple[str, ...] = Field(max_length=MOST_DOMAINS)


@routes.get("/recipient-domains", summary="Which domains mails may go to")
def get_domains(app: TheApp, _caller: ExportReader) -> Domains:
    """The domains that mails may go to; none: any."""
    return Domains(domains=app.domains.all())


@routes.put("/recipient-domains", responses=answers(400, 413, 415, 422), summary="Set the domains mails may go to")
def put_domains(body: Domains, app: TheApp, _caller: SettingsWriter) -> Domains:
    """Let mails go to these domains alone, from the next one on."""
    return Domains(domains=app.domains.keep(body.domains))
