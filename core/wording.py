"""An organisation's own wording of comments, headlines and alerts: kept by language, checked, previewed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from core.access.audit import Subject, note
from core.errors import DataError, NotFound
from core.model.base import is_one_line
from core.model.document import Line
from core.model.wording import MessageTemplate
from core.report.alert import printed_alert
from core.report.comment import Depth, printed_comment, printed_headline
from core.report.editable import EDITABLE, Editable
from core.report.messages import CATALOGUES
from core.report.numbers import language
from core.report.printed import PrintedBridge
from core.report.words import Words
from core.store import Store
from core.store.templates import drop_template, drop_templates, keep_template, list_templates

BRACED = re.compile(r"\{([^{}]*)\}")
MOST_LETTERS = 300


@dataclass(frozen=True)
class Template:
    """One message as it is printed. own: in the organisation's words, None for the catalogue's; changed_by: a person's
    id.
    """

    language: str
    message: Editable
    own: str | None = None
    changed_by: str | None = None
    changed_at: datetime | None = None

    @property
    def default(self) -> str:
        """The catalogue's text."""
        return self.message.default(self.language)

    @property
    def text(self) -> str:
        """What is printed."""
        return self.default if self.own is None else self.own


@dataclass(frozen=True)
class Spoken:
    """How a bridge reads."""

    headline: Line
    alert: Line
    comment: Mapping[Depth, tuple[Line, ...]] = field(default_factory=dict)


class Templates:
    """The own wording of one organisation."""

    def __init__(self, store: Store, organisation_id: str, clock: Callable[[], datetime]) -> None:
        self._store, self._organisation_id, self._clock = store, organisation_id, clock

    def all(self, spoken: str) -> list[Template]:
        """Every message of a language that may be put in own words, in the order of the comment. Raises NotFound."""
        own = self._own(_known_language(spoken))
        return [_template(spoken, message, own.get(key)) for key, message in EDITABLE.items()]

    def get(self, spoken: str, key: str) -> Template:
        """One message. Raises NotFound."""
        message = _known(key)
        return _template(spoken, message, self._own(_known_language(spoken)).get(key))

    def words(self, locale: str) -> Words:
        """The words of a locale, with the organisation's own in the place of the catalogue's."""
        spoken = language(locale)
        return Words(spoken, {key: row.text for key, row in self._own(spoken).items() if key in EDITABLE})

    def trial(self, spoken: str, texts: Mapping[str, str]) -> Words:
        """The words of a language as if `texts`, by key, were kept. Raises NotFound, and DataError naming the text."""
        own = {}
        for key, text in texts.items():
            try:
                own[key] = checked_template(spoken, key, text)
            except DataError as error:
                raise DataError(str(error), field=f"texts.{key}") from None
        words = self.words(_known_language(spoken))
        return Words(words.language, {**words.overrides, **own})

    def keep(self, spoken: str, key: str, text: str, *, by: str) -> Template:
        """Put a message in own words; the catalogue's own text resets it. Raises NotFound, DataError."""
        message, own = _known(key), checked_template(_known_language(spoken), key, text)
        if own == message.default(spoken):
            return self.reset(spoken, key)
        with self._store.write() as session:
            row = keep_template(session, self._organisation_id, spoken, key, own, person_id=by, now=self._clock())
            note(session, "template.changed", _subject(spoken, key), at=self._clock())
        return _template(spoken, message, row)

    def reset(self, spoken: str, key: str) -> Template:
        """Back to the catalogue's text. Raises NotFound."""
        message, spoken = _known(key), _known_language(spoken)
        with self._store.write() as session:
            drop_template(session, self._organisation_id, spoken, key)
            note(session, "template.reset", _subject(spoken, key), at=self._clock())
        return Template(spoken, message)

    def reset_all(self, spoken: str) -> int:
        """All messages of a language back to the catalogue's; answers how many were changed. Raises NotFound."""
        spoken = _known_language(spoken)
        with self._store.write() as session:
            count = drop_templates(session, self._organisation_id, spoken)
            note(session, "template.reset", _subject(spoken, "all"), at=self._clock(), detail={"count": count})
            return count

    def _own(self, spoken: str) -> dict[str, MessageTemplate]:
        with self._store.read() as session:
            return {row.key: row for row in list_templates(session, self._organisation_id, spoken)}


def _subject(spoken: str, key: str) -> Subject:
    return Subject("template", f"{spoken}/{key}", f"{key} ({spoken})")


def checked_template(spoken: str, key: str, text: str) -> str:
    """The text as it is kept: one line, its placeholders known. Raises DataError with a sentence, NotFound."""
    message, own = _known(key), text.strip()
    if not own:
        raise DataError("The text is empty. Write a sentence, or reset it to the default.", field="text")
    if len(own) > MOST_LETTERS or not is_one_line(own):
        raise DataError(f"Write one line of at most {MOST_LETTERS} characters.", field="text")
    for name in BRACED.findall(own):
        if name not in message.placeholders:
            raise _unknown_placeholder(name, message)
    bare = BRACED.sub("", own)
    if "{" in bare or "}" in bare:
        brace, example = "{" if "{" in bare else "}", message.placeholders[0]
        raise DataError(f"A '{brace}' stands alone. Braces hold a placeholder, such as {{{example}}}.", field="text")
    return own


def _unknown_placeholder(name: str, message: Editable) -> DataError:
    known = ", ".join(f"{{{one}}}" for one in message.placeholders)
    guess = get_close_matches(name, message.placeholders, n=1)
    meant = f" Did you mean {{{guess[0]}}}?" if guess else ""
    return DataError(f"This message has no placeholder {{{name}}}.{meant} It has: {known}.", field="text")


def say(printed: PrintedBridge) -> Spoken:
    """How the printed bridge reads in its words: headline, alert, and the comment in each depth."""
    depths: tuple[Depth, ...] = ("low", "medium", "high")
    comment = {depth: printed_comment(printed, depth) for depth in depths}
    return Spoken(printed_headline(printed), printed_alert(printed)[0], comment)


def _known(key: str) -> Editable:
    if key not in EDITABLE:
        guess = get_close_matches(key, EDITABLE, n=1)
        meant = f" Did you mean '{guess[0]}'?" if guess else ""
        raise NotFound(f"There is no template '{key}'.{meant}")
    return EDITABLE[key]


def _known_language(spoken: str) -> str:
    if spoken not in CATALOGUES:
        raise NotFound(f"There is no language '{spoken}'. Those there are: {', '.join(CATALOGUES)}.")
    return spoken


def _template(spoken: str, message: Editable, row: MessageTemplate | None) -> Template:
    if row is None:
        return Template(spoken, message)
    return Template(spoken, message, row.text, row.changed_by, row.changed_at)
