"""Segments over several dimensions as a bridge of their own: bars, sentences, table, section."""

from __future__ import annotations

from core.engine.segments import Found
from core.model.document import Line, Section, Table, Text
from core.report.bars import arrow, bridge_bars, floor_of
from core.report.comment import is_in_time, is_planned, listed, text_tone, toned
from core.report.dates import one_side
from core.report.notes import note_text
from core.report.printed import PrintedBridge, capitalised, relative, tone
from core.report.printed_segments import Conditions, PrintedFound, PrintedPiece, print_found
from core.report.sections import RIGHT, against, cell_tone, waterfall_chart
from core.report.shapes import Bar, Waterfall

MOST_NAMED = 3


def segments_bars(printed: PrintedBridge, found: Found) -> Waterfall:
    """The pieces, then everything else, between the KPI's totals; a step's pieces stand alone, as in its detail."""
    return _bars(print_found(printed, found))


def segments_section(printed: PrintedBridge, found: Found, key: str = "segments") -> Section:
    """What was found as a section of a report."""
    shown = print_found(printed, found)
    bars = _bars(shown)
    return Section(
        key=key,
        title=segments_title(printed, found),
        subtitle=_subtitle(shown),
        chart=waterfall_chart(bars, _alt(shown, bars)),
        comment=segments_comment(printed, found),
        table=segments_table(printed, found),
        notes=segments_notes(printed, found),
    )


def segments_title(printed: PrintedBridge, found: Found) -> Line:
    """The main pieces by name: "Conversion: device mobile, country DE and FR (−€411k)"."""
    shown = print_found(printed, found)
    named = [
        printed.words.phrase("segment_alone", segment=_group_name(shown, group), change=_group_change(shown, group))
        for group in _groups(shown.pieces)[:MOST_NAMED]
    ]
    if not named:
        return printed.words.phrase("found_none", subject=shown.subject)
    return printed.words.phrase("found_title", subject=shown.subject, pieces=listed(named, printed.words))


def segments_comment(printed: PrintedBridge, found: Found) -> tuple[Line, ...]:
    """A line for each piece: what its own value did, and what that contributed; the last line is everything else."""
    shown = print_found(printed, found)
    lines = [printed.words.phrase("sentence", clause=_clause(shown, piece)) for piece in shown.pieces]
    rest = printed.words.phrase("found_rest", change=_change(shown, shown.rest))
    return (*lines, rest) if lines else ()


def segments_table(printed: PrintedBridge, found: Found) -> Table:
    """Segment, from, to, impact; the last row is the KPI or the step."""
    shown, words = print_found(printed, found), printed.words
    rows = [_row(shown, piece) for piece in (*shown.pieces, shown.rest)]
    ends = [Text(end, "strong") for end in shown.ends]
    rows.append((Text(shown.subject, "strong"), *ends, Text(shown.change_text, text_tone(shown.tone))))
    head = ("found_column", "column_base", "column_current", "column_impact")
    values = tuple((None, piece.base, piece.current, piece.contribution) for piece in (*shown.pieces, shown.rest))
    columns = tuple(words.text(key) for key in head)
    return Table(columns, ("left", *RIGHT * 3), tuple(rows), has_total=True, values=(*values, (None,) * 4))


def segments_notes(printed: PrintedBridge, found: Found) -> tuple[str, ...]:
    """What to know besides; where pieces overlap, that the earlier ones come first."""
    notes = [note_text(note, printed.locale) for note in found.notes]
    if _overlap([piece.conditions for piece in found.pieces]):
        notes.append(printed.words.text("found_order"))
    return tuple(notes)


def piece_name(printed: PrintedBridge, conditions: Conditions) -> str:
    """A piece inside a sentence, with its columns' labels: "country DE, device mobile"."""
    return ", ".join(f"{printed.label(name)} {value}" for name, value in conditions)


def _bars(shown: PrintedFound) -> Waterfall:
    whole = shown.whole
    start = (whole.bridge.total.base or 0.0) if shown.step is None else 0.0
    bars: list[Bar] = []
    for piece in (*shown.pieces, shown.rest):
        bars.append(_bar(shown, piece, bars[-1].end if bars else start))
    if shown.step is not None:
        return Waterfall(tuple(bars), "segment")
    first, *_, last = bridge_bars(whole).bars
    every = (first, *bars, last)
    return Waterfall(every, "segment", *floor_of(whole, [bar.end for bar in every]))


def _bar(shown: PrintedFound, piece: PrintedPiece, level: float) -> Bar:
    whole, change = shown.whole, shown.whole.numbers.change(piece.units)
    moved = arrow(piece.from_text, piece.to_text)
    share = relative(piece.base, piece.current)
    beneath = "" if share is None else whole.numbers.percent(share)
    name = capitalised(piece_name(whole, piece.conditions)) or capitalised(whole.words.text("found_else"))
    said = ", ".join(part for part in (f"{name}: {change}", moved, beneath) if part)
    colour = tone(piece.units or piece.contribution, shown.polarity) if piece.conditions else "rest"
    return Bar(
        key=piece.segment if piece.conditions else "",
        label=piece.values or capitalised(whole.words.text("found_else")),
        from_to=moved,
        start=level,
        end=level + piece.contribution,
        printed=change,
        beneath=(beneath,) if beneath else (),
        tone=colour,
        description=said,
    )


def _subtitle(shown: PrintedFound) -> str:
    words, compared = shown.whole.words, against(shown.whole)
    if shown.step is None:
        return compared
    said = words.text("detail_subtitle", kpi=shown.whole.kpi_inside, change=shown.change_text)
    return f"{compared} · {said}"


def _alt(shown: PrintedFound, bars: Waterfall) -> str:
    said = ", ".join(f"{bar.label} {bar.printed}" for bar in bars.bars if not bar.is_total)
    base, current = shown.ends
    return shown.whole.words.text("alt_found", subject=shown.subject, base=base, current=current, bars=said)


def _clause(shown: PrintedFound, piece: PrintedPiece) -> Line:
    comparison = shown.whole.bridge.comparison
    name = Text(piece_name(shown.whole, piece.conditions), "strong")
    key = _movement(shown, piece)
    values = {} if key in ("segment_new", "segment_lost", "segment_alone") else _ends(piece)
    if key == "segment_only":
        values["side"] = one_side(comparison, shown.whole.locale, is_current=bool(piece.current)) if comparison else ""
    first, *others = shown.whole.words.phrase(key, segment=name, change=_change(shown, piece), **values)
    return (Text(capitalised(first.text), first.tone), *others)


def _ends(piece: PrintedPiece) -> dict[str, str]:
    return {"base": piece.from_text, "current": piece.to_text}


def _movement(shown: PrintedFound, piece: PrintedPiece) -> str:
    """The sentence by what the piece's own value did; a sum that was 0, or a ratio without a base, is new."""
    in_time = is_in_time(shown.whole.bridge.comparison)
    if bool(piece.base) != bool(piece.current):
        return "segment_only" if not in_time else "segment_new" if piece.current else "segment_lost"
    if piece.base is None or piece.current is None or piece.base == piece.current:
        return "segment_alone"
    if not in_time:
        return "segment_planned" if is_planned(shown.whole.bridge.comparison) else "segment_differs"
    return "segment_rose" if piece.current > piece.base else "segment_fell"


def _change(shown: PrintedFound, piece: PrintedPiece) -> Text:
    return toned(shown.whole.numbers.change(piece.units), tone(piece.units, shown.polarity))


def _row(shown: PrintedFound, piece: PrintedPiece) -> tuple[Text, ...]:
    name = piece_name(shown.whole, piece.conditions) or shown.whole.words.text("found_else")
    change = Text(shown.whole.numbers.change(piece.units), cell_tone(piece.units, shown.polarity))
    return Text(capitalised(name)), Text(piece.from_text), Text(piece.to_text), change


def _groups(pieces: tuple[PrintedPiece, ...]) -> list[list[PrintedPiece]]:
    """Pieces that went the same way and differ in one value of the same dimension are said together."""
    groups: list[list[PrintedPiece]] = []
    for piece in pieces:
        for group in groups:
            if _differing([*group, piece]) is not None and piece.contribution * group[0].contribution > 0:
                group.append(piece)
                break
        else:
            groups.append([piece])
    return groups


def _differing(group: list[PrintedPiece]) -> str | None:
    """The one dimension in which all of the group differ; None where it is not one."""
    names = [name for name, _ in group[0].conditions]
    if any([name for name, _ in piece.conditions] != names for piece in group):
        return None
    varied = [name for name in names if len({dict(piece.conditions)[name] for piece in group}) > 1]
    return varied[0] if len(varied) == 1 else None


def _group_name(shown: PrintedFound, group: list[PrintedPiece]) -> Text:
    varied = _differing(group)
    if varied is None:
        return Text(piece_name(shown.whole, group[0].conditions), "strong")
    shared = tuple(item for item in group[0].conditions if item[0] != varied)
    values = listed([(Text(dict(piece.conditions)[varied]),) for piece in group], shown.whole.words)
    together = f"{shown.whole.label(varied)} {''.join(part.text for part in values)}"
    return Text(", ".join(part for part in (piece_name(shown.whole, shared), together) if part), "strong")


def _group_change(shown: PrintedFound, group: list[PrintedPiece]) -> Text:
    units = sum(piece.units for piece in group)
    return toned(shown.whole.numbers.change(units), tone(units, shown.polarity))


def _overlap(pieces: list[Conditions]) -> bool:
    """Whether two pieces might have rows in common: no dimension tells them apart."""
    known = [dict(conditions) for conditions in pieces]
    pairs = ((one, other) for place, one in enumerate(known) for other in known[:place])
    return any(all(other.get(name, value) == value for name, value in one.items()) for one, other in pairs)
