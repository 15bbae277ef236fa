"""Services that Bridgecast speaks to: one file each, with the small contract of `base`.

They call out through the door that is handed to them, and know neither the store nor a page nor each other.
"""

from core.connectors.base import Channel, Connector
from core.connectors.email import Email
from core.connectors.slack import Slack
from core.connectors.teams import Teams
from core.connectors.webhook import Webhook

CHANNELS: dict[str, Channel] = {channel.kind: channel for channel in (Email(), Slack(), Teams(), Webhook())}
"""Kinds that reports are sent to."""
CONNECTORS: dict[str, Connector] = {**CHANNELS}
"""All kinds of connections, in the order they are offered."""
