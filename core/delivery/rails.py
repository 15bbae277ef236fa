"""What the sidecar does besides answering: at its start, at every beat, now and then, and at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.delivery.alerts.desk import Alerts
from core.delivery.attempts import attempted
from core.delivery.executor import Executor
from core.delivery.ledger import Ledger
from core.delivery.planner import Planner
from core.delivery.retention import Retention
from core.delivery.sending import Sending

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rails:
    """The delivery of one installation. A store that does not answer costs one round, not the sidecar."""

    planner: Planner
    ledger: Ledger
    executor: Executor
    retention: Retention
    sending: Sending
    alerts: Alerts
    clock: Callable[[], datetime]

    def begin(self) -> None:
        """Take back what the last sidecar held, before anything is planned; then work.

        Nothing is planned or sent before that has succeeded: this store may be a copy of another one.
        """
        if self._round("begin", self._take_over):
            self.executor.start()

    def plan(self) -> None:
        """Ask for what is due; begin, where that has not succeeded yet."""
        if not self.executor.is_started:
            self.begin()
        else:
            self._round("plan", self._plan)

    def tell(self) -> None:
        """Tell people what became of their exports."""
        self._round("tell", self._tell)

    def reap(self) -> None:
        """Take back what dead workers held."""
        self._round("reap", self._reap)

    def prune(self) -> None:
        """Remove what is past its retention."""
        self._round("prune", self._prune)

    def end(self) -> None:
        """Finish what is under way, give back the rest."""
        self.executor.drain()

    def _take_over(self) -> None:
        if not self.sending.come_home():
            log.warning("all sending is held: this store was restored or copied")
        if count := self.ledger.reap(at_start=True):
            log.warning("the last sidecar died at work", taken_back=count)
        self.retention.sweep()

    def _plan(self) -> None:
        if self.planner.beat(self.clock()):
            self.executor.wake()

    def _tell(self) -> None:
        if self.alerts.beat():
            self.executor.wake()

    def _reap(self) -> None:
        if count := self.ledger.reap(at_start=False):
            log.warning("taken back from workers that did not end in time", count=count)
            self.executor.wake()

    def _prune(self) -> None:
        if count := self.retention.prune():
            log.info("runs pruned", count=count)
        self.alerts.prune()

    def _round(self, name: str, work: Callable[[], None]) -> bool:
        match attempted(work):
            case SQLAlchemyError() | OSError() as error:
                log.warning("round skipped", round=name, reason=type(error).__name__)
                return False
            case Exception() as error:
                log.error("round failed, unexpectedly", round=name, exc_info=error)
                return False
        return True
