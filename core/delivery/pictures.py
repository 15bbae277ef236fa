"""Pictures of cards: channels that take no files show them by an address, which works as long as the run's files."""

from __future__ import annotations

from dataclasses import dataclass

from core.access.keys import Keys
from core.access.picture_tokens import read_picture_token, sign_picture_token
from core.delivery.artefacts import ArtefactLost, Artefacts
from core.store import Store
from core.store.runs import find_artefact

PATH = "/i/"


@dataclass(frozen=True)
class Picture:
    """A picture as it is served."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Pictures:
    """The pictures of one organisation's runs.

    base_url: what addresses begin with; "" where services outside could not open them, so that there are none.
    """

    store: Store
    artefacts: Artefacts
    keys: Keys
    organisation_id: str
    base_url: str

    @property
    def can_be_seen(self) -> bool:
        """Whether cards can show pictures by an address at all."""
        return bool(self.base_url)

    def address(self, run_id: str, name: str) -> str:
        """Where a file of a run is seen without sign-in; "" where nobody outside could open it."""
        return f"{self.base_url}{PATH}{sign_picture_token(self.keys, run_id, name)}" if self.base_url else ""

    def find(self, token: str) -> Picture | None:
        """The picture that a token names; None for a token of somebody else and for a file that is gone."""
        named = read_picture_token(self.keys, token)
        if named is None:
            return None
        with self.store.read() as session:
            artefact = find_artefact(session, self.organisation_id, *named)
        if artefact is None or not artefact.media_type.startswith("image/"):
            return None
        try:
            return Picture(self.artefacts.read(artefact), artefact.media_type)
        except ArtefactLost:
            return None
