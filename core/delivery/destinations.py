"""What a destination must say before its export is kept: settings that its connector takes, a connection that fits."""

from __future__ import annotations

from collections.abc import Mapping

from core.connectors import CHANNELS
from core.connectors.base import checked_settings
from core.connectors.email import Email
from core.errors import DataError
from core.model.delivery import ChannelDestination, ExportSpec

INBOX = "inbox"


def check_destinations(spec: ExportSpec, connections: Mapping[str, str]) -> None:
    """Raises DataError at `destinations.<n>.…`. connections: kinds by id.

    An export that is off may lack what is still to be made: a connection, and a channel.
    """
    for place, destination in enumerate(spec.destinations):
        if not isinstance(destination, ChannelDestination):
            continue
        try:
            _check_settings(destination)
            if spec.is_active:
                _check_channel(destination)
                _check_connection(destination, connections)
        except DataError as error:
            raise DataError(str(error), field=f"destinations.{place}.{error.field}") from None


def _check_settings(destination: ChannelDestination) -> None:
    if channel := CHANNELS.get(destination.kind):
        checked_settings(channel.destination_fields, destination.settings)


def _check_channel(destination: ChannelDestination) -> None:
    known = (*CHANNELS, INBOX)
    if destination.kind not in known:
        raise DataError(f"Nothing is sent by '{destination.kind}'. There are: {', '.join(known)}.", field="kind")
    if destination.kind == INBOX and not any(destination.settings.get(name) for name in ("people", "roles")):
        raise DataError("The inbox has nobody's name on it. Choose people or roles.", field="settings")


def _check_connection(destination: ChannelDestination, connections: Mapping[str, str]) -> None:
    kind, chosen = destination.kind, destination.connection
    if kind == INBOX or (chosen is None and kind == Email.kind and kind in connections.values()):
        return
    if chosen is None:
        raise DataError(f"The {kind} destination has no connection. Choose one, or add it first.", field="connection")
    if chosen not in connections:
        raise DataError(f"There is no connection '{chosen}'. Choose one that is there.", field="connection")
    if connections[chosen] != kind:
        raise DataError(f"The connection is of kind '{connections[chosen]}', not '{kind}'.", field="connection")
