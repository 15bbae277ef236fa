"""Connections: outside systems, and whether they can be reached."""

from core.ui import frame
from core.ui.connections_edit import NEW, asked_for, edit, open_new
from core.ui.connections_list import show_connections, show_empty
from core.ui.connections_slack import show_connect_button
from core.ui.identity import can
from core.ui.notices import tell

app = frame.open_page(frame.CONNECTIONS)
tell()
asked = asked_for()
actions = frame.heading("New connection" if asked == NEW else "Edit connection" if asked else "Connections")
if asked is None and can(app, "connection.write"):
    with actions:
        show_connect_button(app)
    actions.button("New connection", key="connections_new", type="primary", icon=":material/add:", on_click=open_new)
with frame.errors():
    if asked is not None:
        edit(app, asked)
    elif connections := app.connections.all():
        show_connections(app, connections)
    else:
        show_empty(app)
