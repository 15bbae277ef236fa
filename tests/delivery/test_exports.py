from __future__ import annotations

from collections.abc import Callable

import pytest

from core.app import App
from core.connectors.base import Receipt, SendError
from core.delivery.exports import Exports
from core.delivery.ledger import Ledger
from core.delivery.links import Link, ResolvedLink
from core.delivery.reports import make_report
from core.delivery.work import Made
from core.errors import AlreadyExists, DataError
from core.model.data import ColumnSpec
from core.model.document import plain
from core.model.runs import Circuit
from core.store.circuits import keep_circuit
from tests.conftest import NOW, export_spec
from tests.delivery.ledgers import ask, make, planned


@pytest.fixture
def link(sales_app: App) -> Link:
    return sales_app.exports.create(export_spec(), by=sales_app.owner.id).links[0]


def opened(app: App, link: Link) -> ResolvedLink | None:
    return app.exports.resolve(link.slug, link.url.rsplit("/", 1)[1])


def export_id(app: App) -> str:
    return app.exports.all()[0].id


def test_a_link_leads_to_its_analysis(sales_app: App, link: Link) -> None:
    resolved = opened(sales_app, link)
    assert resolved is not None
    assert (resolved.analyses[0][0].slug, resolved.settings.public, resolved.has_token) == ("revenue", True, True)


@pytest.mark.parametrize("token", ["", "x", "a.b", "é" * 43, "A" * 10_000])
def test_a_wrong_token_leads_nowhere(sales_app: App, link: Link, token: str) -> None:
    assert sales_app.exports.resolve(link.slug, token) is None


def test_a_token_of_another_link_leads_nowhere(sales_app: App, link: Link) -> None:
    spec = export_spec().model_dump()
    spec["destinations"][0]["settings"]["slug"] = "other"
    other = sales_app.exports.create(export_spec().model_validate(spec), by=sales_app.owner.id).links[0]
    assert sales_app.exports.resolve(link.slug, other.url.rsplit("/", 1)[1]) is None


def test_a_rotated_link_has_a_new_address_and_the_old_one_is_unknown(sales_app: App, link: Link) -> None:
    fresh = sales_app.exports.rotate(export_id(sales_app), link.id)
    assert opened(sales_app, link) is None
    assert opened(sales_app, fresh) is not None


def test_a_revoked_link_leads_nowhere(sales_app: App, link: Link) -> None:
    sales_app.exports.revoke(export_id(sales_app), link.id)
    assert opened(sales_app, link) is None


def test_a_link_is_closed_while_its_export_is_off(sales_app: App, link: Link) -> None:
    sales_app.exports.switch(export_id(sales_app), False)
    assert opened(sales_app, link) is None
    sales_app.exports.switch(export_id(sales_app), True)
    assert opened(sales_app, link) is not None


def test_a_taken_slug_is_refused_and_nothing_is_kept(sales_app: App, link: Link) -> None:
    with pytest.raises(AlreadyExists, match="'revenue' is taken"):
        sales_app.exports.create(export_spec(), by=sales_app.owner.id)
    assert len(sales_app.exports.all()) == 1


def test_a_deleted_export_takes_its_links_along(sales_app: App, link: Link) -> None:
    sales_app.exports.delete(export_id(sales_app))
    assert opened(sales_app, link) is None
    sales_app.analyses.delete("revenue")


def test_a_deleted_export_takes_along_how_its_destinations_fared_and_no_other_s(sales_app: App) -> None:
    hook = sales_app.connections.create("webhook", "H", {"url": "https://a.example"}, {}, by=sales_app.owner.id).id
    ways = {"destinations": [{"kind": "webhook", "connection": hook}], "triggers": [{"kind": "url"}]}
    spec = export_spec().model_dump() | ways
    gone, stays = (
        sales_app.exports.create(export_spec().model_validate(spec), by=sales_app.owner.id) for _ in range(2)
    )
    with sales_app.store.write() as session:
        for circuit_id, export in (("d1", gone.id), ("d2", stays.id), (hook, "")):
            keep_circuit(session, Circuit(id=circuit_id, organisation_id=sales_app.organisation.id, export_id=export))
    sales_app.exports.delete(gone.id)
    assert {row.id for row in sales_app.ledger.circuits()} == {"d2", hook}


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda exports, of: exports.switch(of, False), "export switched off"),
        (lambda exports, of: exports.delete(of), "export deleted"),
    ],
    ids=["off", "deleted"],
)
def test_what_waits_of_an_export_that_ends_is_never_sent(
    sales_app: App, link: Link, act: Callable[[Exports, str], object], reason: str
) -> None:
    ledger, whose = sales_app.ledger, export_id(sales_app)
    made, unmade = make(ledger, subject_id=whose, key="1"), ask(ledger, "2", subject_id=whose)
    other = ask(ledger, "3")
    act(sales_app.exports, whose)
    assert [(ledger.run(each).run.state, why_of(ledger, each)) for each in (made, unmade)] == [
        ("ignored", reason),
        ("ignored", reason),
    ]
    assert (ledger.claim_delivery(), ledger.run(other).run.state) == (None, "planned")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda exports, of: exports.switch(of, False), "export switched off"),
        (lambda exports, of: exports.delete(of), "export deleted"),
    ],
    ids=["off", "deleted"],
)
def test_what_is_being_made_of_an_export_that_ends_is_not_sent_either(
    sales_app: App, link: Link, act: Callable[[Exports, str], object], reason: str
) -> None:
    ledger, whose = sales_app.ledger, export_id(sales_app)
    run_id = ask(ledger, "1", subject_id=whose)
    build = ledger.claim_build()
    assert build is not None
    act(sales_app.exports, whose)
    ledger.built(build, Made(deliveries=(planned(),)))
    detail = ledger.run(run_id)
    assert (detail.run.state, detail.run.reason, detail.deliveries) == ("ignored", reason, ())


@pytest.mark.parametrize("how", ["answered 503", "lost", "stopped"])
def test_what_is_being_sent_of_an_export_that_ends_is_not_sent_again(sales_app: App, link: Link, how: str) -> None:
    ledger, whose = sales_app.ledger, export_id(sales_app)
    run_id = make(ledger, subject_id=whose, key="1")
    taken = ledger.claim_delivery()
    assert taken is not None
    sales_app.exports.delete(whose)
    if how == "lost":
        ledger.reap(at_start=True)
    elif how == "stopped":
        ledger.release(taken)
    else:
        ledger.send_failed(taken, SendError("503"))
    assert (ledger.run(run_id).run.state, why_of(ledger, run_id)) == ("ignored", "export deleted")
    assert ledger.claim_delivery() is None


def test_a_try_that_arrives_though_its_export_ended_has_arrived(sales_app: App, link: Link) -> None:
    ledger, whose = sales_app.ledger, export_id(sales_app)
    run_id = make(ledger, subject_id=whose, key="1")
    taken = ledger.claim_delivery()
    assert taken is not None
    sales_app.exports.delete(whose)
    ledger.sent(taken, Receipt())
    assert (ledger.run(run_id).run.state, why_of(ledger, run_id)) == ("succeeded", "")


def why_of(ledger: Ledger, run_id: str) -> str:
    """Why nothing is sent of a run, said by itself or by its one delivery."""
    detail = ledger.run(run_id)
    return detail.deliveries[0].reason if detail.deliveries else detail.run.reason


def test_a_locked_filter_holds_against_the_analysis(sales_app: App) -> None:
    content = export_spec(where={"country": ["DE"]}).content
    analysis = sales_app.analyses.get("revenue").spec
    analysis = analysis.model_copy(update={"where": {"country": ["FR"], "device": ["desktop"]}})
    version = sales_app.catalogue.latest("sales")
    bridge = make_report(sales_app.warehouse, analysis, content, version, rendered_at=NOW).bridge
    assert (bridge.total.base, bridge.total.current) == (2400.0, 2790.0)


def test_a_report_says_what_happened_first(sales_app: App, link: Link) -> None:
    resolved = opened(sales_app, link)
    assert resolved is not None
    version = sales_app.catalogue.latest("sales")
    content = resolved.export.content
    report = make_report(sales_app.warehouse, resolved.analyses[0][0], content, version, rendered_at=NOW).report
    assert plain(report.headline).startswith("Revenue rose by €")
    assert report.has_crossed
    assert report.data_version == 1


def test_a_report_names_the_filters_of_its_analysis(sales_app: App) -> None:
    analysis = sales_app.analyses.get("revenue").spec.model_copy(update={"where": {"country": ["FR"]}})
    version = sales_app.catalogue.latest("sales")
    report = make_report(sales_app.warehouse, analysis, export_spec().content, version, rendered_at=NOW).report
    assert "FR" in report.sections[0].subtitle


def test_an_export_that_could_not_be_drawn_is_refused(sales_app: App) -> None:
    wrong = {"elements": [{"view": "step", "step": "Conversoin", "part": "chart"}], "layout": "list"}
    with pytest.raises(DataError, match="There is no step 'Conversoin'"):
        sales_app.exports.create(export_spec(**wrong), by=sales_app.owner.id)
    assert sales_app.exports.all() == []


def test_an_export_can_be_switched_off_whatever_became_of_its_data(sales_app: App, link: Link) -> None:
    spec = sales_app.catalogue.get("sales")
    columns = tuple(_ignored(c) if c.name == "orders" else c for c in spec.columns)
    sales_app.catalogue.change(spec.model_copy(update={"columns": columns}))
    assert not sales_app.exports.switch(export_id(sales_app), False).spec.is_active
    with pytest.raises(DataError, match="orders"):
        sales_app.exports.switch(export_id(sales_app), True)


def _ignored(column: ColumnSpec) -> ColumnSpec:
    return column.model_copy(update={"role": "ignored"})


def test_an_export_that_sends_and_has_no_link_gets_one_for_signed_in_people(sales_app: App) -> None:
    hook = {"kind": "webhook", "connection": "c1"}
    spec = export_spec().model_validate(
        {**export_spec().model_dump(), "name": "Umsatz, täglich", "destinations": [hook]}
    )
    hooks = sales_app.connections.create("webhook", "Hook", {"url": "https://hooks.example.org"}, by=sales_app.owner.id)
    spec = spec.model_copy(
        update={"destinations": (spec.channels[0].model_copy(update={"connection": hooks.id}),), "is_active": False}
    )
    first = sales_app.exports.create(spec, by=sales_app.owner.id)
    second = sales_app.exports.create(spec, by=sales_app.owner.id)
    assert [link.slug for link in first.links] == ["umsatz-taeglich"]
    assert not first.links[0].is_public
    assert second.links[0].slug.startswith("umsatz-taeglich-")
    kept = sales_app.exports.change(first.id, first.spec)
    assert [link.id for link in kept.links] == [link.id for link in first.links]
    assert sales_app.exports.address(first.id) == first.links[0].url


@pytest.mark.parametrize("where", ["export", "destination"])
def test_a_condition_on_a_step_that_is_not_there_is_refused_with_those_that_are(sales_app: App, where: str) -> None:
    condition = {"kind": "alert", "all": [{"step": "Convrsion", "change_pct": 5}]}
    spec = export_spec().model_dump() | {"triggers": [{"kind": "url"}]}
    if where == "export":
        spec["condition"] = condition
    else:
        spec["destinations"] = [
            {"kind": "inbox", "settings": {"roles": ["owner"]}, "overrides": {"condition": condition}}
        ]
    with pytest.raises(DataError, match="There is no step 'Convrsion'") as refused:
        sales_app.exports.create(export_spec().model_validate(spec), by=sales_app.owner.id)
    place = "condition" if where == "export" else "destinations.0.overrides.condition"
    assert refused.value.field == place
