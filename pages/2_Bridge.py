"""Bridge: build it, look at it, open its steps, save it, share it."""

from core.report.printed import print_bridge
from core.ui import frame
from core.ui.bridge_detail import step_card
from core.ui.bridge_editor import equation_card
from core.ui.bridge_inputs import choose
from core.ui.bridge_show import bridge_card
from core.ui.bridge_title import title_row
from core.ui.bridge_work import compute, compute_second, open_work
from core.ui.notices import tell
from core.ui.text import LOCALE

app = frame.open_page(frame.BRIDGE)
with frame.errors():
    tell()
    work = open_work(app)
    title_row(work)
    comparison = choose(work)
    equation_card(work)
    if comparison is not None:
        words, labels = app.templates.words(LOCALE), work.version.labels
        printed = print_bridge(compute(work), LOCALE, labels, words)
        second = compute_second(work)
        bridge_card(work, printed, print_bridge(second, LOCALE, labels, words) if second else None)
        step_card(work, printed)
