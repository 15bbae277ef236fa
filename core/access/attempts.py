"""Failed attempts to sign in, counted in memory: an address that guesses is refused, an account that is guessed at
answers slowly. Nobody is locked out: from another address the right password always opens, at most a little later."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
FREE_FAILURES = 3
SHORTEST_DELAY_S, LONGEST_DELAY_S = 0.25, 4.0
MOST_KEPT = 10_000


class Attempts:
    """Counts by address and by account. Thread-safe; forgets the oldest first when there are too many."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._guard = threading.Lock()

    def refused_for(self, address: str, now: datetime) -> int:
        """For how many seconds the address is refused; 0 when it is not."""
        with self._guard:
            failures = self._recent(address_key(address), now)
            if len(failures) < MOST_FAILURES:
                return 0
            return max(1, round((failures[-MOST_FAILURES] + WINDOW - now).total_seconds()))

    def begin(self, address: str, account: str, now: datetime) -> float:
        """An attempt begins: how long its answer is to wait. It counts as failed until it has succeeded, so that many
        at once do not all begin before the first of them has failed."""
        wait_s = self.delay_s(account, now)
        self.failed(address, account, now)
        return wait_s

    def delay_s(self, account: str, now: datetime) -> float:
        """How long an answer about the account is to wait: twice as long at each failure, up to a limit."""
        with self._guard:
            count = len(self._recent(_of(account), now))
        if count < FREE_FAILURES:
            return 0.0
        return float(min(SHORTEST_DELAY_S * 2 ** (count - FREE_FAILURES), LONGEST_DELAY_S))

    def failed(self, address: str, account: str, now: datetime) -> None:
        """An attempt failed."""
        with self._guard:
            for key in (address_key(address), _of(account)):
                self._failures.setdefault(key, deque(maxlen=2 * MOST_FAILURES)).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > MOST_KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str = "") -> None:
        """An attempt succeeded: the account answers quickly again. Its address keeps its failures; only what `begin`
        counted, for the address that is named, did not fail."""
        with self._guard:
            self._failures.pop(_of(account), None)
            if begun := self._failures.get(address_key(address)):
                begun.pop()

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        return failures


def address_key(address: str) -> str:
    """One customer of a provider holds a whole /64 of IPv6: it counts as one address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return f"from {address}"
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return f"from {ipaddress.ip_network((parsed, 64), strict=False)}"
    return f"from {parsed}"


def _of(account: str) -> str:
    return f"of {account.strip().lower()[:254]}"
