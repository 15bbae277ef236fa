"""The workers of the sidecar: make the runs that are due, send the deliveries that wait.

Each thread takes its turn to look into the ledger, claims as much as there are threads to do it, hands the turn on and
does one piece of it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.connectors.base import Receipt, SendError
from core.delivery.artefacts import Artefacts
from core.delivery.attempts import attempted
from core.delivery.ledger import Ledger
from core.delivery.meters import Meters
from core.delivery.work import Build, Claim, Made, NotMet
from core.errors import BridgecastError, Cancelled

log = structlog.get_logger(__name__)

THREADS = 8
MOST_BUILDS = 2
"""Runs that are made at once: making costs the processor, sending mostly waits."""
LOOK_S = 1.0
PAUSE_S = 1.0
INSIST_FOR_S = 60.0
DRAIN_S = 25.0


class MakesRuns(Protocol):
    """The maker."""

    def make(self, build: Build) -> Made:
        """Everything a run sends. Raises NotMet, BridgecastError."""
        ...


class SendsDeliveries(Protocol):
    """The sender."""

    def send(self, claim: Claim) -> Receipt:
        """One try. Raises SendError; Cancelled when another worker took it over."""
        ...


class Executor:
    """Works until it is drained. is_sending: whether deliveries are claimed at all (BRIDGECAST_SENDING)."""

    def __init__(
        self,
        ledger: Ledger,
        artefacts: Artefacts,
        maker: MakesRuns,
        sender: SendsDeliveries,
        meters: Meters,
        *,
        is_sending: bool = True,
        threads: int = THREADS,
    ) -> None:
        self._ledger, self._artefacts, self._maker, self._sender = ledger, artefacts, maker, sender
        self._meters, self._is_sending = meters, is_sending
        self._turn, self._work, self._stopping = threading.Lock(), threading.Event(), threading.Event()
        self._held: dict[str, Build | Claim] = {}
        self._ready: deque[Claim] = deque()
        self._threads = [
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    @property
    def is_started(self) -> bool:
        """Whether it has begun to work."""
        return any(thread.ident is not None for thread in self._threads)

    def wake(self) -> None:
        """Look for work now instead of with the next beat."""
        self._work.set()

    def drain(self, within_s: float = DRAIN_S) -> None:
        """Claim nothing more, wait for what is under way, then give back what was not begun."""
        self._stopping.set()
        self._work.set()
        deadline = time.monotonic() + within_s
        for thread in self._threads if self.is_started else ():
            thread.join(max(0.0, deadline - time.monotonic()))
        for held in [*self._held.values(), *self._ready]:
            self._give_back(held)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            name = threading.current_thread().name
            self._held[name] = work
            failure = attempted(lambda work=work: self._make(work) if isinstance(work, Build) else self._send(work))  # type: ignore[misc]
            if failure is not None:
                log.error("not written down: the reaper will find it", exc_info=failure)
            del self._held[name]
            # What was made can be sent, and a destination is free again.
            self.wake()

    def _next(self) -> Build | Claim | None:
        """Work, as soon as there is any; None at the end."""
        with self._turn:
            while not self._stopping.is_set():
                if self._ready:
                    return self._ready.popleft()
                self._work.clear()
                if (work := self._claimed()) is not None:
                    return work
                self._work.wait(LOOK_S)
        return None

    def _claimed(self) -> Build | Claim | None:
        """What is to be done; None while there is nothing, or while the store does not answer."""
        match attempted(self._any):
            case SQLAlchemyError() as error:
                log.warning("nothing claimed, the store does not answer", reason=type(error).__name__)
            case Exception() as error:
                log.error("nothing claimed, unexpectedly", exc_info=error)
            case work:
                return work
        self._stopping.wait(PAUSE_S)
        return None

    def _any(self) -> Build | Claim | None:
        """One run is always being made when any waits; deliveries come before the second one."""
        making = self._builds_now()
        if making == 0 and (build := self._ledger.claim_build()) is not None:
            return build
        if (claim := self._claim()) is not None or not 0 < making < MOST_BUILDS:
            return claim
        return self._ledger.claim_build()

    def _claim(self) -> Claim | None:
        """A delivery for this thread, and one for each other that is idle: they are claimed by one transaction."""
        if not self._is_sending:
            return None
        self._ready.extend(self._ledger.claim_deliveries(len(self._threads) - len(self._held)))
        return self._ready.popleft() if self._ready else None

    def _builds_now(self) -> int:
        return sum(isinstance(work, Build) for work in list(self._held.values()))

    def _make(self, build: Build) -> None:
        began = time.monotonic()
        match attempted(lambda: self._made(build)):
            case NotMet() as unmet:
                ignored = partial(self._ledger.build_ignored, build, unmet.reason, str(unmet), unmet.made)
                self._write_down("ignored", ignored)
            case Exception() as error:
                _tell(error, run=build.run_id)
                self._write_down("failed", partial(self._ledger.build_failed, build, error))
            case made:
                self._write_down("made", partial(self._ledger.built, build, made))
        self._meters.build_s.observe(time.monotonic() - began)

    def _made(self, build: Build) -> Made:
        self._artefacts.require_room(self._ledger.last_bytes(build.subject_id))
        return self._maker.make(build)

    def _send(self, claim: Claim) -> None:
        began = time.monotonic()
        match attempted(lambda: self._sender.send(claim)):
            case Cancelled() as error:
                log.warning("a delivery was taken over", delivery=claim.delivery_id, reason=str(error))
                return
            case Exception() as error:
                _tell(error, delivery=claim.delivery_id)
                outcome = "unknown" if isinstance(error, SendError) and error.is_unknown else "failed"
                self._insist(partial(self._ledger.send_failed, claim, error))
            case receipt:
                outcome = str(receipt.outcome)
                self._insist(partial(self._ledger.sent, claim, receipt))
        self._meters.tries.labels(claim.kind, outcome).inc()
        self._meters.send_s.labels(claim.kind).observe(time.monotonic() - began)

    def _write_down(self, outcome: str, write: Callable[[], None]) -> None:
        try:
            self._insist(write)
        except Cancelled as error:
            log.warning("a run was taken over", reason=str(error))
        else:
            self._meters.builds.labels(outcome).inc()

    def _insist(self, write: Callable[[], object]) -> None:
        """Write down what happened, also when the disk is full or locked for a while, and also while the sidecar stops:
        forgetting it is a double."""
        deadline = time.monotonic() + INSIST_FOR_S
        while True:
            try:
                write()
            except SQLAlchemyError as error:
                log.warning("not written down yet", reason=type(error).__name__)
                if time.monotonic() > deadline:
                    log.error("not written down: the reaper will find it")
                    return
                time.sleep(PAUSE_S)
            else:
                return

    def _give_back(self, held: Build | Claim) -> None:
        try:
            if isinstance(held, Build):
                self._ledger.release_build(held)
            else:
                self._ledger.release(held)
        except (Cancelled, SQLAlchemyError) as error:
            log.warning("not given back", reason=type(error).__name__)


def _tell(error: Exception, **of: str) -> None:
    """Write an error to the log: with its trace when it is none of ours."""
    if isinstance(error, BridgecastError):
        log.info("did not succeed", reason=str(error), **of)
    else:
        log.error("did not succeed, unexpectedly", exc_info=error, **of)
