"""The messages that an organisation may put in its own words: what each says, and what its placeholders stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.report.messages import CATALOGUES, PLACEHOLDER

Subject = Literal["headline", "comment", "alert"]
SUBJECTS: dict[Subject, str] = {"headline": "Headlines", "comment": "Comments", "alert": "Alerts"}
PLACEHOLDERS = {
    "all": "how many KPIs a digest holds",
    "amount": "the change without its sign, with the percentage",
    "base": "the value or label of the base side",
    "base_label": "what the base side is called",
    "change": "the change or contribution with its sign",
    "clause": "the sentence before its full stop",
    "current": "the value or label of the current side",
    "current_label": "what the current side is called",
    "dimension": "the dimension's name",
    "down": "the step that pulled down, with its contribution",
    "headline": "the headline so far",
    "kpi": "the KPI's name",
    "moved": "how many KPIs of a digest moved beyond their threshold",
    "name": "the KPI's or the step's name",
    "now": "the later change or contribution with its sign",
    "others": "the steps against it, with their contributions",
    "points": "the change of the share in points",
    "segment": "the segment's name",
    "segments": "what the segments did",
    "side": "what the one side is called",
    "size": "the size of the change in percent, of a rate with its points before it",
    "step": "the step's name",
    "steps": "the steps, one after the other",
    "then": "the earlier change or contribution, and when that was",
    "threshold": "the threshold",
    "up": "the step that pushed up, with its contribution",
    "usual": "that it lies within usual variation, and from when to when",
    "value": "the KPI's value",
    "weight": "what segments are weighed by",
}
EXAMPLES = {
    "all": "5",
    "amount": "€120 (+12.0\u202f%)",
    "base": "1,000",
    "base_label": "A",
    "change": "+€120",
    "clause": "Visits +€120",
    "current": "1,120",
    "current_label": "B",
    "dimension": "country",
    "down": "visits −€120",
    "headline": "Revenue",
    "kpi": "Revenue",
    "moved": "3",
    "name": "Revenue",
    "now": "−€120",
    "others": "visits −€40",
    "points": "2.4\u00a0pts",
    "segment": "FR",
    "segments": "FR (+€120)",
    "side": "B",
    "size": "12.0\u202f%",
    "step": "Visits",
    "steps": "visits (+€120)",
    "then": "−€40 the month before",
    "threshold": "5\u202f%",
    "up": "orders +€120",
    "usual": "within usual day-to-day variation",
    "value": "€1,120",
    "weight": "visits",
}
"""What a message by itself is filled with, where no analysis says it."""
DESCRIPTIONS: dict[Subject, dict[str, str]] = {
    "headline": {
        "headline_rose": "The KPI rose",
        "headline_fell": "The KPI fell",
        "headline_driven": "What drove it, behind the headline",
        "headline_unchanged": "The KPI did not change",
        "headline_cancel": "Two steps that cancel out, behind the headline",
        "headline_started": "The KPI was 0 in base",
        "headline_higher": "Groups compared: the current one is higher",
        "headline_lower": "Groups compared: the current one is lower",
        "headline_above_plan": "Actual against plan: above it",
        "headline_below_plan": "Actual against plan: below it",
        "headline_on_plan": "Actual against plan: both are the same",
        "headline_unplanned": "Actual against plan: nothing was planned",
        "headline_equal": "Groups compared: both are the same",
        "headline_only": "Groups compared: the base one has nothing",
        "headline_digest_none": "A digest in which nothing moved enough",
        "headline_digest_one": "A digest in which one KPI moved",
        "headline_digest": "A digest in which several KPIs moved",
        "headline_although_fell": "A rate rose although every segment fell",
        "headline_although_rose": "A rate fell although every segment rose",
        "headline_undefined": "The KPI is divided by 0",
    },
    "comment": {
        "total_rose": "First line: the KPI rose",
        "total_fell": "First line: the KPI fell",
        "total_same": "First line: the KPI did not change",
        "total_differs": "First line: two groups compared",
        "total_planned": "First line: actual against plan",
        "total_on_plan": "First line: actual against plan, both the same",
        "step_rose": "A step that rose",
        "step_fell": "A step that fell",
        "step_same": "A step whose own value stayed",
        "step_differs": "A step, two groups compared",
        "step_planned": "A step, actual against plan",
        "step_alone": "A step without a value of its own",
        "step_usual": "Behind a step whose change is noise",
        "listed_rose": "One of several steps: it rose",
        "listed_fell": "One of several steps: it fell",
        "listed_same": "One of several steps: its own value stayed",
        "listed_differs": "One of several steps, two groups compared",
        "listed_planned": "One of several steps, actual against plan",
        "listed_alone": "One of several steps, without a value of its own",
        "also": "Further steps in the direction of the change",
        "offset": "Steps against the change, with their values",
        "offset_by": "Steps against the change, in a short comment",
        "cancelled": "Nothing changed: steps that cancel the others out, with their values",
        "cancelled_by": "Nothing changed: steps that cancel the others out, in a short comment",
        "steps_still": "Steps that had no effect",
        "best_dimension": "The segments behind a step",
        "trend_fell_again": "Second comparison: fell again",
        "trend_rose_again": "Second comparison: rose again",
        "trend_fell_less": "Second comparison: fell more slowly",
        "trend_rose_less": "Second comparison: rose more slowly",
        "trend_recovered": "Second comparison: rose after it fell, where a rise is good",
        "trend_turned": "Second comparison: moved the other way",
        "trend_started": "Second comparison: had not moved before",
        "trend_stopped": "Second comparison: moved no further",
        "trend_neutral": "Second comparison: both contributions",
        "segment_rose": "A segment whose own value rose",
        "segment_fell": "A segment whose own value fell",
        "segment_differs": "A segment, two groups compared",
        "segment_planned": "A segment, actual against plan",
        "share_rose": "A segment that gained share (mix)",
        "share_fell": "A segment that lost share (mix)",
        "share_differs": "A segment's share, two groups compared",
        "share_planned": "A segment's share, actual against plan",
        "segment_new": "A segment that was not there in base",
        "segment_lost": "A segment that is no longer there",
        "segment_only": "A segment of one side only, groups or plans compared",
        "segment_orphan": "A segment without weight on both sides",
    },
    "alert": {
        "alert_crossed_rose": "The KPI rose beyond its threshold",
        "alert_crossed_fell": "The KPI fell beyond its threshold",
        "alert_crossed_differs": "Groups compared: beyond the threshold",
        "alert_crossed_above_plan": "Actual against plan: above it, beyond the threshold",
        "alert_crossed_below_plan": "Actual against plan: below it, beyond the threshold",
        "alert_within": "The KPI stayed within its threshold",
        "alert_without": "No threshold is set",
        "alert_step_rose": "A step rose beyond its threshold",
        "alert_step_fell": "A step fell beyond its threshold",
        "alert_step_differs": "A step beyond its threshold, two groups compared",
        "alert_step_above_plan": "A step beyond its threshold, above its plan",
        "alert_step_below_plan": "A step beyond its threshold, below its plan",
        "alert_main": "The main step",
        "alert_against": "The main step, and what offset it",
    },
}


@dataclass(frozen=True)
class Editable:
    """A message that may be put in own words."""

    key: str
    subject: Subject
    description: str

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What may stand in braces, in the catalogue's order."""
        return tuple(dict.fromkeys(PLACEHOLDER.findall(CATALOGUES["en"][self.key])))

    def default(self, language: str) -> str:
        """The catalogue's text."""
        return CATALOGUES[language][self.key]


EDITABLE: dict[str, Editable] = {
    key: Editable(key, subject, description)
    for subject, messages in DESCRIPTIONS.items()
    for key, description in messages.items()
}
