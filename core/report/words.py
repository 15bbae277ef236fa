"""The sentences of one language, some of them in an organisation's own wording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.model.document import Line, Text, plain
from core.report.messages import CATALOGUES, PLACEHOLDER, fill
from core.report.numbers import language


@dataclass(frozen=True)
class Words:
    """Messages of a language. overrides: key → own template, which stands in for the catalogue's.

    An own template with a placeholder that the message does not fill is passed over: the catalogue's is printed.
    """

    language: str
    overrides: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, locale: str) -> Words:
        """The catalogue's own words for a locale."""
        return cls(language(locale))

    def text(self, key: str, **values: str) -> str:
        """The message as a string."""
        return plain(self.phrase(key, **values))

    def phrase(self, key: str, **values: str | Text | Line) -> Line:
        """The message as a line: values given as Text or Line keep their tone, the rest is plain."""
        return fill(self.language, self._template(key, values), values)

    def _template(self, key: str, values: Mapping[str, object]) -> str:
        own = self.overrides.get(key)
        if own is not None and set(PLACEHOLDER.findall(own)) <= values.keys():
            return own
        return CATALOGUES[self.language][key]
