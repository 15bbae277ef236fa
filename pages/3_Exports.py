"""Exports: what travels, in which form, and the report links to copy."""

from core.ui import frame
from core.ui.exports_edit import NEW, ask_name, asked_for, edit, open_name_dialog
from core.ui.exports_links import say_when_down
from core.ui.exports_list import show_empty, show_exports
from core.ui.exports_triggers import show_new_urls
from core.ui.notices import tell
from core.ui.switched_off import show_switched_off

app = frame.open_page(frame.EXPORTS)
asked = asked_for()
tell(with_problem=asked is None)
actions = frame.heading("New export" if asked == NEW else "Edit export" if asked else "Exports")
say_when_down(app)
show_new_urls()
with frame.errors():
    if asked is None and app.analyses.all():
        actions.button("New export", key="exports_new", type="primary", icon=":material/add:", on_click=ask_name)
    if asked is not None:
        edit(app, asked)
    elif exports := app.exports.all():
        show_switched_off(app)
        show_exports(app, exports)
    else:
        show_empty(app)
    if asked is None:
        open_name_dialog()
