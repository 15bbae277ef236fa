"""What stands at the foot of a slide, a page, a mail: whose numbers these are and of when."""

from __future__ import annotations

from functools import partial

from core.model.document import Report
from core.report.dates import day_label, moment_label
from core.report.messages import text
from core.report.numbers import language


def footing(report: Report) -> str:
    """ "Revenue · Data as of … UTC, covers until … · Rendered at …"."""
    say, locale = partial(text, language(report.locale)), report.locale
    as_of = say("data_as_of", moment=f"{moment_label(report.as_of, report.zone, locale)} {report.zone}")
    rendered = say("rendered_at", moment=moment_label(report.rendered_at, report.zone, locale))
    if (day := report.covers_until) is not None:
        as_of += f", {say('covers_until', day=day_label(day, locale, year=day.year != report.as_of.year))}"
    return " · ".join((report.name, as_of, rendered))
