"""Settings: comments and alerts in the organisation's own words, people, the own account."""

from core.ui import frame, settings_sections
from core.ui.notices import tell

app = frame.open_page(frame.SETTINGS)
tell()
frame.heading("Settings")
with frame.errors():
    section = settings_sections.choose(app)
    section.show(app)
