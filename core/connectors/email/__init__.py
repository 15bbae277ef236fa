"""Mail by SMTP: `connector` is the service, `letters` what is written, `line` the talk with the mail server."""

from core.connectors.email.connector import Email
from core.connectors.email.letters import UNSUBSCRIBE

__all__ = ["UNSUBSCRIBE", "Email"]
