"""When a try that failed is made again. Pure: every moment is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b

from core.connectors.base import RetryRule
from core.errors import BridgecastError, DataError, DeliveryError, NotFound, SecretsLost, SettingsError

SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 6 * 3600.0
JITTER = 0.2
MOST_LOST = 3
"""A delivery whose worker died that often is given up: it must not kill the sidecar for ever."""
BUILD = RetryRule(delays_s=(30.0, 300.0), deadline_s=24 * 3600.0, total_s=600.0)
"""The making of a run."""
USUAL = RetryRule(delays_s=(10.0, 60.0, 300.0, 1800.0, 7200.0), deadline_s=4 * 3600.0, total_s=30.0)
"""A channel that declares no rule of its own."""
SHORTEST_LEASE_S = 120.0


def lease(rule: RetryRule) -> timedelta:
    """How long a claim holds: more than twice what one try may take."""
    return timedelta(seconds=max(SHORTEST_LEASE_S, 2 * rule.total_s + 30))


def next_try(
    rule: RetryRule,
    failures: int,
    *,
    now: datetime,
    deadline_at: datetime | None,
    key: str,
    retry_after_s: float | None = None,
) -> datetime | None:
    """The moment of the next try after this many failed ones, None when tries or time are used up.

    key: of delivery and try, by which the wait is spread by a fifth. retry_after_s: what the receiver asked for, within
    1 s and 6 h. It shortens the first wait alone: one that always asks for less must not use up all tries at once.
    """
    if failures >= rule.most_tries:
        return None
    wait_s = spread(rule.delays_s[failures - 1], key)
    if retry_after_s is not None:
        asked_s = asked_wait(retry_after_s)
        wait_s = asked_s if failures == 1 else max(asked_s, wait_s)
    at = now + timedelta(seconds=wait_s)
    return at if deadline_at is None or at < deadline_at else None


def asked_wait(retry_after_s: float) -> float:
    """What a receiver asked for, within bounds."""
    return min(max(retry_after_s, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def spread(wait_s: float, key: str) -> float:
    """The wait, up to a fifth shorter or longer, always alike for one key."""
    drawn = int.from_bytes(blake2b(key.encode(), digest_size=4).digest()) / 2**32
    return wait_s * (1 + JITTER * (2 * drawn - 1))


def is_permanent(error: BaseException) -> bool:
    """Whether doing the same again cannot help."""
    if isinstance(error, DeliveryError):
        return error.permanent
    return isinstance(error, DataError | NotFound | SecretsLost | SettingsError)


def sentence(error: BaseException) -> str:
    """What a person reads of an error."""
    if isinstance(error, BridgecastError):
        return str(error)
    if isinstance(error, OSError):
        return f"The disk does not do what it should: {error.strerror or type(error).__name__}."
    return f"Something unexpected happened ({type(error).__name__}). The log of the sidecar tells more."


def rule_of(rules: Mapping[str, RetryRule], kind: str) -> RetryRule:
    """The rule of a channel."""
    return rules.get(kind, USUAL)
