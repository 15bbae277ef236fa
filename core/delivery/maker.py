"""The making of a run: refresh, condition, report, messages. One report a rendering, however many destinations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from core.access.dataset_rights import may_be_shown
from core.analyses import Analyses
from core.catalogue import Catalogue
from core.delivery.alerts.outbox import ALERT
from core.delivery.artefacts import Artefacts
from core.delivery.digests import make_shown
from core.delivery.gate import require_fresh, require_sound
from core.delivery.judging import Judging
from core.delivery.ledger import Ledger
from core.delivery.messages import Drawing, content_for, media_type
from core.delivery.recipients import addresses, name_of, narrowed, nobody_left, served
from core.delivery.rendering import Occasion, Renderings, drawing_of, file_stem
from core.delivery.reports import Source
from core.delivery.steps import Steps, refreshed
from core.delivery.subscribers import Subscribers
from core.delivery.subscriptions import Readers, Subscriptions
from core.delivery.work import Build, Made, NotMet, PlannedDelivery
from core.errors import BridgecastError, DataError, EmptyComparison, NotFound
from core.model.analysis import AnalysisSpec
from core.model.data import FilesSource
from core.model.delivery import ChannelDestination, Export, ExportSpec, LinkDestination, ReportContent
from core.model.runs import Artefact, Delivery
from core.store import Store
from core.store.sent_runs import steps_of_sent
from core.warehouse import Version, Warehouse
from core.wording import Templates

NO_DATA, NOT_MET = "no data", "condition not met"
NOT_SENT: Mapping[str, Any] = {"state": "ignored", "reason": NOT_MET}
"""What a delivery says whose destination has a condition of its own that does not hold."""


@dataclass(frozen=True)
class Maker:
    """Makes runs of exports that show a report."""

    store: Store
    catalogue: Catalogue
    analyses: Analyses
    warehouse: Warehouse
    templates: Templates
    artefacts: Artefacts
    ledger: Ledger
    subscribers: Subscribers
    subscriptions: Subscriptions
    organisation_id: str
    link_of: Callable[[str], str]
    connection_names: Callable[[], Mapping[str, str]]
    clock: Callable[[], datetime]
    is_public: bool = False

    def make(self, build: Build) -> Made:
        """Everything a run sends. Raises NotMet where nothing is to be sent, and BridgecastErrors with a sentence."""
        steps = Steps(self.clock)
        try:
            return self._refreshed(build, steps) if build.subject_kind == "dataset" else self._made(build, steps)
        except NotMet:
            raise
        except BridgecastError:
            self.ledger.keep_steps(build, steps.done)
            raise

    def _refreshed(self, build: Build, steps: Steps) -> Made:
        version = refreshed(self.catalogue, build.definition["spec"]["slug"], steps)
        return Made({version.dataset: version.number}, tuple(steps.done))

    def _made(self, build: Build, steps: Steps) -> Made:
        data, _, only = build.replays.partition(":")
        # Of an alert there is nothing to make anew: what was told is told again.
        if (data == "same" or build.subject_kind == ALERT) and build.parent_id is not None:
            return self._copied(build, only, steps)
        spec = ExportSpec.model_validate(build.definition["spec"])
        made = _Making(self, build, spec, steps).made()
        return made if only != "failed" or build.parent_id is None else self._only_failed(made, build)

    def _copied(self, build: Build, only: str, steps: Steps) -> Made:
        """The parent's files and deliveries, byte for byte."""
        parent = self.ledger.run(str(build.parent_id))
        for dataset in parent.run.versions:
            self.require_right(build, dataset)
        with steps.step("copy") as told:
            files = tuple(self.artefacts.copy(artefact, build.run_id) for artefact in parent.artefacts)
            told["bytes"] = sum(file.bytes for file in files)
        wanted = [row for row in parent.deliveries if only == "all" or row.state != "succeeded"]
        deliveries = tuple(self._again(row, build, only) for row in wanted)
        return Made(parent.run.versions, tuple(steps.done), deliveries, files)

    def _again(self, row: Delivery, build: Build, only: str) -> PlannedDelivery:
        asked = served(row.recipients, only)
        staying = self.subscribers.staying(build.subject_id, asked)
        # A link shows what is newest at every load: nothing of it is sent.
        is_unmet = row.state == "ignored" and row.reason == NOT_MET
        ended = {"state": "succeeded"} if row.kind == "link" else NOT_SENT if is_unmet else nobody_left(asked, staying)
        return PlannedDelivery(
            destination_id=row.destination_id,
            kind=row.kind,
            name=row.name,
            destination=row.destination,
            connection_id=row.connection_id,
            message=row.message,
            recipients=staying,
            **ended,
        )

    def _only_failed(self, made: Made, build: Build) -> Made:
        """Without whoever has it already; whole where nobody has, since nothing was ever sent."""
        before = {row.destination_id: row for row in self._sent_before(str(build.parent_id))}
        wanted = [
            narrowed(each, before[each.destination_id])
            for each in made.deliveries
            if each.destination_id in before and before[each.destination_id].state != "succeeded"
        ]
        return replace(made, deliveries=tuple(wanted)) if before else made

    def _sent_before(self, run_id: str) -> tuple[Delivery, ...]:
        """The deliveries of a run; of a replay to those that failed which was never made, its parent's."""
        detail = self.ledger.run(run_id)
        if detail.deliveries or detail.run.parent_id is None or not detail.run.replays.endswith(":failed"):
            return detail.deliveries
        return self._sent_before(detail.run.parent_id)

    def require_right(self, build: Build, dataset: str) -> None:
        """Raises DataError when the export's author may no longer show this dataset."""
        with self.store.read() as session:
            export = session.get(Export, build.subject_id)
            author = export.created_by if export else build.requested_by
            if author is None or not may_be_shown(session, self.organisation_id, author, dataset):
                raise DataError(
                    f"The author of '{build.name}' may no longer see dataset '{dataset}'. Hand the export over to "
                    "somebody who may, or let the author see it again."
                )


@dataclass(frozen=True)
class _Making:
    """One run while it is made."""

    maker: Maker
    build: Build
    spec: ExportSpec
    steps: Steps

    def made(self) -> Made:
        """The run's files and deliveries."""
        sources = self._sources()
        versions = {source.version.dataset: source.version.number for source in sources}
        judging = Judging(self.maker.warehouse, sources, self.spec.content)
        try:
            self._judge(judging)
        except NotMet as error:
            raise NotMet(error.reason, str(error), made=Made(versions, tuple(self.steps.done))) from None
        artefacts, deliveries = self._drawn(sources, judging)
        return Made(versions, tuple(self.steps.done), tuple(deliveries), tuple(artefacts))

    def _sources(self) -> list[Source]:
        """The newest revision of each analysis on one version of its dataset, with the filters of this run alone."""
        analyses = [self._analysis(slug) for slug in self.spec.content.analyses]
        datasets = dict.fromkeys(analysis.dataset for analysis in analyses)
        for dataset in datasets:
            self.maker.require_right(self.build, dataset)
        versions = {dataset: self._version(dataset) for dataset in datasets}
        for version in versions.values():
            require_fresh(version, self.spec.max_age, self.maker.clock())
        return [Source(analysis, versions[analysis.dataset], locks=self.build.where) for analysis in analyses]

    def _analysis(self, slug: str) -> AnalysisSpec:
        try:
            return self.maker.analyses.get(slug).spec
        except NotFound as error:
            raise DataError(f"{error} The export shows it: choose another one.") from None

    def _version(self, dataset: str) -> Version:
        """The version that the run is pinned to: the one it was started with, else the newest after a refresh."""
        pinned = self.build.definition.get("versions", {}).get(dataset)
        if pinned is not None:
            known = {version.number: version for version in self.maker.catalogue.versions(dataset)}
            if pinned not in known:
                raise DataError(f"Version {pinned} of dataset '{dataset}' is no longer kept. Replay with fresh data.")
            return known[pinned]
        source = self.maker.catalogue.get(dataset).source
        if self.spec.refresh == "none" or not isinstance(source, FilesSource):
            return self.maker.catalogue.latest(dataset)
        return refreshed(self.maker.catalogue, dataset, self.steps)

    def _judge(self, judging: Judging) -> None:
        """Raises NotMet when nothing moved enough."""
        condition = self.spec.condition
        if condition.kind == "always" or self.build.is_test:
            return
        with self.steps.step("condition") as told:
            try:
                verdict = judging.verdict(condition)
            except EmptyComparison as error:
                raise NotMet(NO_DATA, str(error)) from None
            told.update(found=list(verdict.found), period=judging.period)
            if not verdict.holds:
                raise NotMet(NOT_MET, "; ".join(verdict.found))
            is_first = self.build.parent_id is None
            if is_first and condition.repeat == "once_per_period" and self._was_told(told["period"]):
                raise NotMet(NOT_MET, f"It was told already for {told['period']}.")

    def _was_told(self, period: str) -> bool:
        """Whether an earlier run of this export was sent for the same period."""
        with self.maker.store.read() as session:
            earlier = steps_of_sent(session, self.build.subject_id, but_for=self.build.run_id)
        return any(step.get("period") == period for steps in earlier for step in steps)

    def _drawn(self, sources: list[Source], judging: Judging) -> tuple[list[Artefact], list[PlannedDelivery]]:
        artefacts: list[Artefact] = []
        with self.steps.step("render") as told:
            shared = Renderings(partial(self._draw, sources))
            deliveries = [self._asked(shared, destination, judging) for destination in self.spec.destinations]
            deliveries += [self._to_readers(shared, readers) for readers in self._readers()]
            if not deliveries:
                shared.draw(self.spec.content)
            for name, content in shared.files.items():
                artefacts.append(self.maker.artefacts.write(self.build.run_id, name, media_type(name), content))
            told.update(reports=len(shared.drawings), bytes=sum(artefact.bytes for artefact in artefacts))
        return artefacts, deliveries

    def _readers(self) -> list[Readers]:
        """Whoever asked for the report themselves. A test is for one person alone."""
        return [] if self.build.is_test else self.maker.subscriptions.readers(self.build.subject_id)

    def _to_readers(self, shared: Renderings, readers: Readers) -> PlannedDelivery:
        planned = self._delivery(shared, readers.destination, readers.hidden)
        return replace(planned, name=f"Subscribers: {planned.name}")

    def _asked(
        self, shared: Renderings, destination: LinkDestination | ChannelDestination, judging: Judging
    ) -> PlannedDelivery:
        """The delivery to a destination, passed over where its own condition does not hold for what it is shown."""
        planned = self._delivery(shared, destination)
        if isinstance(destination, LinkDestination) or self.build.is_test:
            return planned
        own, shown = destination.overrides, content_for(self.spec.content, destination)
        judged = replace(judging, content=shown) if own.where else judging
        if own.condition is None or judged.verdict(own.condition).holds:
            return planned
        return replace(planned, **NOT_SENT)

    def _delivery(
        self, shared: Renderings, destination: LinkDestination | ChannelDestination, hidden: tuple[str, ...] = ()
    ) -> PlannedDelivery:
        kept = destination.model_dump(mode="json")
        if isinstance(destination, LinkDestination):
            shared.draw(self.spec.content)
            kept["settings"].pop("password", None)
            return PlannedDelivery(
                str(destination.id), "link", f"/r/{destination.settings.slug}", kept, state="succeeded"
            )
        asked = addresses(destination)
        staying = self.maker.subscribers.staying(self.build.subject_id, asked)
        return PlannedDelivery(
            destination_id=str(destination.id),
            kind=destination.kind,
            name=name_of(destination, self.maker.connection_names()),
            destination=kept,
            connection_id=destination.connection,
            message=shared.message(destination.kind, content_for(self.spec.content, destination), hidden),
            recipients=staying,
            **nobody_left(asked, staying),
        )

    def _draw(self, sources: list[Source], content: ReportContent, hidden: tuple[str, ...]) -> Drawing:
        maker, build, now = self.maker, self.build, self.maker.clock()
        occasion = Occasion(
            export_id=build.subject_id,
            export_name=build.name,
            file_stem=file_stem(build.name, now),
            run_id=build.run_id,
            link=maker.link_of(build.subject_id),
            is_test=build.is_test,
            can_leave=maker.is_public and not build.is_test,
        )
        words = maker.templates.words(content.locale)
        made = make_shown(
            maker.warehouse,
            sources,
            content,
            name=build.name,
            rendered_at=now,
            words=words,
            hidden=hidden,
            condition=self.spec.condition,
        )
        require_sound(made)
        return drawing_of(made, content, occasion, words)
