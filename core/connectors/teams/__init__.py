"""Microsoft Teams: `cards` is what it is handed."""

from core.connectors.teams.cards import DELIVERY, DELIVERY_ELEMENT, MOST_BYTES, PICTURE, Card, size_of

__all__ = ["DELIVERY", "DELIVERY_ELEMENT", "MOST_BYTES", "PICTURE", "Card", "size_of"]
