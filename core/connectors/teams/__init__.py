"""Microsoft Teams: `connector` is the service, by `workflows` or, after `sign_in`, by `graph`; `cards` what is sent."""

from core.connectors.teams.cards import DELIVERY, DELIVERY_ELEMENT, MOST_BYTES, PICTURE, Card, size_of
from core.connectors.teams.connector import BY_GRAPH, Teams
from core.connectors.teams.sign_in import DeviceCode, SignedIn

__all__ = [
    "BY_GRAPH",
    "DELIVERY",
    "DELIVERY_ELEMENT",
    "MOST_BYTES",
    "PICTURE",
    "Card",
    "DeviceCode",
    "SignedIn",
    "Teams",
    "size_of",
]
