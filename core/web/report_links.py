"""What stands behind report URLs, kept in memory until anybody writes to the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.app import App
from core.errors import NotFound
from core.model.data import DatasetSpec
from core.model.delivery import LinkSettings
from core.web.drawing import Shown

MOST_KEPT = 10_000


@dataclass(frozen=True)
class OpenLink:
    """A report URL that works, and all that is needed to answer it. is_withheld: as of `ResolvedLink`."""

    link_id: str
    settings: LinkSettings
    expires_at: datetime | None
    password_hash: str | None
    export_name: str
    shown: Shown
    datasets: tuple[DatasetSpec, ...]
    is_withheld: bool


class ReportLinks:
    """Resolves addresses. Belongs to one event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: dict[tuple[str, str | None], OpenLink] = {}
        self._store_version = -1

    def resolve(self, slug: str, token: str | None) -> OpenLink | None:
        """What is behind `/r/<slug>/<token>`; None for all that does not work, whatever the reason."""
        version = self._app.store.data_version()
        if version != self._store_version or len(self._kept) >= MOST_KEPT:
            self._kept.clear()
            self._store_version = version
        found = self._kept.get((slug, token))
        if found is not None and found.expires_at is not None and found.expires_at <= self._app.clock():
            return None
        if found is None:
            found = self._look_up(slug, token)
            if found is not None:
                self._kept[slug, token] = found
        return found

    def _look_up(self, slug: str, token: str | None) -> OpenLink | None:
        resolved = self._app.exports.resolve(slug, token)
        if resolved is None:
            return None
        try:
            named = dict.fromkeys(analysis.dataset for analysis, _ in resolved.analyses)
            datasets = tuple(map(self._app.catalogue.get, named))
        except NotFound:
            return None
        export = resolved.export
        shown = Shown.of(
            resolved.analyses,
            export.content,
            self._app.templates.words(export.content.locale),
            name=export.name,
            condition=export.condition,
            hidden=resolved.settings.hidden_filters,
        )
        return OpenLink(
            link_id=resolved.link_id,
            settings=resolved.settings,
            expires_at=resolved.expires_at,
            password_hash=resolved.password_hash,
            export_name=export.name,
            shown=shown,
            datasets=datasets,
            is_withheld=resolved.is_withheld,
        )
