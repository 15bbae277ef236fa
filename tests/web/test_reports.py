"""Report URLs, over HTTP."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.web.conftest import REVENUE, SALES, Site, serve

MORE = SALES + "2026-02-20,FR,mobile,1000,100,9000\n"
OLD, NEW = 1420, 10420


@pytest.fixture(scope="module")
def public(site: Site) -> str:
    """The path of a public report."""
    return site.report("open")


@pytest.fixture(scope="module")
def closed(site: Site) -> str:
    """The path of a report that needs a login."""
    return site.report("members", public=False)


@pytest.fixture(scope="module")
def impatient(new_house: Callable[[], Path]) -> Iterator[Site]:
    """A site whose readers get the last good copy at once instead of waiting for newer data."""
    yield from serve(new_house(), wait_s=0)


def analysis_on(site: Site, slug: str) -> None:
    assert site.post("/analyses", json=REVENUE | {"slug": slug, "dataset": slug}).status_code == 201


def live_report(site: Site, slug: str, path: Path) -> str:
    """A report on a file of the server; its path."""
    path.write_text(SALES)
    body = {"slug": slug, "name": slug, "source": {"kind": "files", "path": str(path)}}
    assert site.post("/datasets", json=body).status_code == 201
    analysis_on(site, slug)
    return site.report(slug, slug)


def current_total(site: Site, path: str) -> object:
    return site.anonymous(f"{path}.json").json()["total"]["current"]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def test_anyone_reads_a_public_report_without_script(site: Site, public: str) -> None:
    page = site.anonymous(public)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>Revenue</h1>" in page.text
    assert "<svg" in page.text
    assert "Conversion" in re.sub(r"<svg.*?</svg>", "", page.text, flags=re.DOTALL)


def test_a_page_asks_nothing_of_others(site: Site, public: str) -> None:
    page = site.anonymous(public)
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for address in re.findall(r"""(?:src|href|action)=["']([^"']*)""", page.text):
        assert not re.match(r"(https?:)?//", address), address


def test_the_files_of_a_page_are_there_and_kept_for_ever(site: Site, public: str) -> None:
    names = re.findall(r'(/static/[^"]+)', site.anonymous(public).text)
    assert len(names) == 2
    for name in names:
        answer = site.anonymous(name)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True)
    assert site.anonymous("/static/nothing.css").status_code == 404


@pytest.mark.parametrize(
    ("suffix", "media_type", "begin"),
    [
        (".html", "text/html; charset=utf-8", b"<!doctype html>"),
        (".svg", "image/svg+xml", b"<svg"),
        (".png", "image/png", b"\x89PNG"),
        (".pdf", "application/pdf", b"%PDF"),
        (".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", b"PK"),
        (".csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfstep,"),
        (".json", "application/json", b"{"),
    ],
)
def test_a_suffix_asks_for_another_form(site: Site, public: str, suffix: str, media_type: str, begin: bytes) -> None:
    answer = site.anonymous(public + suffix)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content.lstrip().startswith(begin)


@pytest.mark.parametrize("suffix", [".pdf", ".pptx"])
def test_documents_are_kept_as_pages_are_and_closed_as_they_are(
    site: Site, public: str, closed: str, suffix: str
) -> None:
    first = site.anonymous(public + suffix)
    again = site.anonymous(public + suffix, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert site.anonymous(closed + suffix).status_code == 401


def test_a_digest_shows_its_analyses_on_one_page_and_in_one_answer(site: Site) -> None:
    parts = [{"analysis": "revenue"}, {"analysis": "revenue", "where": {"country": ["FR"]}}]
    path = site.report("two", None, parts=parts, before="Good **morning**")
    page = site.anonymous(path).text
    assert "<h1>two</h1>" in page
    assert "<p>Good <strong>morning</strong></p>" in page
    totals = [part["total"]["current"] for part in site.anonymous(f"{path}.json").json()["parts"]]
    assert totals == [1420, 1020]
    assert site.anonymous(f"{path}.json?view=waterfall.2").json()["total"]["current"] == 1020


def test_a_digest_of_which_nothing_is_told_is_a_digest_all_the_same(site: Site) -> None:
    calm = {"kind": "alert", "any": [{"change_pct": 900}]}
    parts = [{"analysis": "revenue", "condition": calm}, {"analysis": "revenue", "condition": calm}]
    path = site.report("calm", None, parts=parts, quiet_parts="leave_out")
    answer = site.anonymous(f"{path}.json").json()
    assert answer["parts"] == []
    assert "moved beyond" in answer["headline"]


def test_numbers_are_those_of_the_bridge(site: Site, public: str) -> None:
    report = site.anonymous(f"{public}.json").json()
    bridge = site.get("/analyses/revenue/bridge").json()
    assert (report["total"], report["steps"]) == (bridge["total"], bridge["steps"])


def test_a_view_has_a_picture_and_a_table_of_its_own(site: Site, public: str) -> None:
    whole, detail = (site.anonymous(f"{public}.png{view}").content for view in ("", "?view=step_detail"))
    table = site.anonymous(f"{public}.csv?view=step_detail").text
    assert whole != detail
    assert table.lstrip("\ufeff").startswith(("country,", "device,"))


def test_a_view_that_is_not_there_is_404_and_names_those_that_are(site: Site, public: str) -> None:
    answer = site.anonymous(f"{public}.png?view=pie")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "waterfall" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["csv?step=Nothing", "csv?dimension=nothing", "json?step=Nothing"])
def test_a_step_or_dimension_that_is_not_there_is_404_and_names_those_that_are(
    site: Site, public: str, query: str
) -> None:
    answer = site.anonymous(f"{public}.{query}")
    assert answer.status_code == 404
    assert ("Basket" if "step" in query else "country, device") in answer.json()["detail"]


def test_the_table_of_a_detail_can_be_chosen_by_its_dimension(site: Site, public: str) -> None:
    assert site.anonymous(f"{public}.csv?dimension=device").text.startswith("\ufeffdevice,kind,")


def test_the_table_of_the_detail_is_of_the_step_that_the_page_shows(site: Site) -> None:
    steps = [step | {"exclude": ["country", "device"]} for step in REVENUE["equation"]["steps"]]
    steps[2] = REVENUE["equation"]["steps"][2]
    body = REVENUE | {"slug": "undivided", "equation": REVENUE["equation"] | {"steps": steps}}
    assert site.post("/analyses", json=body).status_code == 201
    path = site.report("undivided", "undivided")
    detail = site.anonymous(f"{path}.json").json()["detail"]
    lines = site.anonymous(f"{path}.csv?view=step_detail").text.splitlines()
    assert detail["step"] == "Basket"
    assert [line.partition(",")[0] for line in lines[1:]] == [row["segment"] for row in detail["rows"]]


def test_a_report_without_charts_offers_no_pictures(site: Site) -> None:
    page = site.anonymous(site.report("words", elements=[{"view": "waterfall", "part": "comment"}])).text
    assert ".csv" in page
    assert ".png" not in page
    assert ".svg" not in page


@pytest.mark.parametrize("suffix", ["", ".svg", ".png", ".csv", ".json"])
def test_who_knows_the_report_already_is_told_so(site: Site, public: str, suffix: str) -> None:
    first = site.anonymous(public + suffix)
    again = site.anonymous(public + suffix, If_None_Match=f'"other", W/{first.headers["etag"]}')
    assert (first.headers["cache-control"], "last-modified" in first.headers) == ("no-cache", True)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


def test_head_says_the_same_without_a_body(site: Site, public: str) -> None:
    head, get = site.anonymous(public, "HEAD"), site.anonymous(public)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


def test_other_methods_are_refused(site: Site, public: str) -> None:
    answer = site.anonymous(public, "POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_newer_file_is_shown_at_the_next_load(site: Site) -> None:
    site.upload("replaced")
    analysis_on(site, "replaced")
    path = site.report("replaced", "replaced")
    before = site.anonymous(path)
    site.post("/datasets/replaced/versions", files={"file": ("newer.csv", MORE.encode())})
    after = site.anonymous(path, If_None_Match=before.headers["etag"])
    assert after.status_code == 200
    assert current_total(site, path) == NEW


def test_a_revised_analysis_is_shown_at_the_next_load(site: Site) -> None:
    site.post("/analyses", json=REVENUE | {"slug": "revised"})
    path = site.report("revised", "revised")
    site.anonymous(path)
    site.patch("/analyses/revised", json={"name": "Turnover"})
    assert "<h1>Turnover</h1>" in site.anonymous(path).text


def test_all_that_does_not_work_looks_alike(site: Site, public: str, closed: str) -> None:
    revoked, rotated, off = (site.report(slug) for slug in ("revoked", "rotated", "off"))
    for export in site.app.exports.all():
        link = export.links[0]
        if link.slug == "revoked":
            site.app.exports.revoke(export.id, link.id)
        elif link.slug == "rotated":
            site.app.exports.rotate(export.id, link.id)
        elif link.slug == "off":
            site.app.exports.switch(export.id, False)
    token = public.rsplit("/", 1)[1]
    unknown = ("/r/nowhere/x", f"/r/nowhere/{token}", f"/r/members/{token}", f"{public}x", "/r/a/b/c")
    answers = [site.anonymous(path) for path in (revoked, rotated, off, *unknown)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert "This link does not exist or no longer works. Ask its sender." in answers[0].text


def test_people_are_told_how_a_report_that_is_not_public_opens(site: Site, closed: str) -> None:
    page = site.anonymous(closed)
    assert (page.status_code, page.headers["www-authenticate"]) == (401, "Bearer")
    assert "nobody of them can sign in yet" in page.text


def test_a_program_is_told_in_its_own_form(site: Site, closed: str) -> None:
    answer = site.anonymous(f"{closed}.json")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_an_api_token_opens_a_report_that_is_not_public(site: Site, closed: str) -> None:
    assert site.client.get(closed).status_code == 200
    assert site.client.get("/r/members").status_code == 200
    assert site.client.get("/r/members.json").json()["total"]["current"] == OLD


@pytest.mark.parametrize("authorization", ["Bearer nobody-s", "Basic x", "Bearer"])
def test_a_wrong_token_opens_nothing(site: Site, closed: str, authorization: str) -> None:
    assert site.anonymous(closed, Authorization=authorization).status_code == 401


def test_a_token_without_scope_read_opens_nothing(site: Site, closed: str) -> None:
    assert site.anonymous(closed, **site.token_with("run")).status_code == 403


def test_without_a_token_nobody_learns_which_slugs_there_are(site: Site, public: str, closed: str) -> None:
    answers = [site.anonymous(f"/r/{slug}") for slug in ("open", "members", "nowhere")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert site.client.get("/r/nowhere").status_code == 404


def test_a_public_report_turned_private_closes_its_address_at_once(site: Site) -> None:
    path = site.report("turned")
    export = next(e for e in site.app.exports.all() if e.spec.name == "turned")
    site.anonymous(path)
    private = [{"kind": "link", "settings": {"slug": "turned", "public": False}}]
    site.patch(f"/exports/{export.id}", json={"destinations": private})
    assert site.anonymous(path).status_code == 401


def test_views_of_the_page_are_counted(site: Site) -> None:
    path = site.report("counted")
    link = next(e.links[0].id for e in site.app.exports.all() if e.spec.name == "counted")
    tag = site.anonymous(path).headers["etag"]
    site.anonymous(path, If_None_Match=tag)
    site.anonymous(path, "HEAD")
    site.anonymous(f"{path}.png")
    assert site.views.take()[link] == 2


def test_a_live_source_is_looked_at_at_every_load(site: Site, tmp_path: Path) -> None:
    path = live_report(site, "live", tmp_path / "sales.csv")
    before = current_total(site, path)
    (tmp_path / "sales.csv").write_text(MORE)
    assert (before, current_total(site, path)) == (OLD, NEW)


def test_a_source_that_fails_leaves_the_last_good_numbers_marked_as_such(site: Site, tmp_path: Path) -> None:
    path = live_report(site, "failing", tmp_path / "sales.csv")
    (tmp_path / "sales.csv").unlink()
    page = site.anonymous(path)
    assert page.status_code == 200
    assert 'class="notice stale"' in page.text
    assert str(tmp_path) not in page.text
    assert current_total(site, path) == OLD


def test_a_source_that_works_again_loses_the_mark(site: Site, tmp_path: Path) -> None:
    path = live_report(site, "mended", tmp_path / "sales.csv")
    (tmp_path / "sales.csv").unlink()
    site.anonymous(path)
    (tmp_path / "sales.csv").write_text(MORE)
    assert "notice stale" not in site.anonymous(path).text


def test_a_slow_source_shows_the_last_good_copy_with_a_reload_link(impatient: Site, tmp_path: Path) -> None:
    path = live_report(impatient, "slow", tmp_path / "sales.csv")
    wait_for(lambda: current_total(impatient, path) == OLD)
    (tmp_path / "sales.csv").write_text(MORE)
    page = impatient.anonymous(path).text
    assert "Newer data is being loaded" in page
    assert f'<a href="{path}">' in page
    wait_for(lambda: "Newer data" not in impatient.anonymous(path).text)
    assert current_total(impatient, path) == NEW


def test_the_very_first_load_says_what_is_being_done(impatient: Site, tmp_path: Path) -> None:
    path = live_report(impatient, "first", tmp_path / "sales.csv")
    impatient.app.warehouse.drop("first")
    page = impatient.anonymous(path)
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "read from its source for the first time" in page.text
    wait_for(lambda: impatient.anonymous(path).status_code == 200)


def test_data_that_no_longer_fits_is_said_without_details(site: Site) -> None:
    site.upload("unfit")
    analysis_on(site, "unfit")
    path = site.report("unfit", "unfit")
    site.patch("/datasets/unfit", json={"columns": [{"name": "orders", "role": "dimension", "type": "text"}]})
    page = site.anonymous(path)
    assert page.status_code == 503
    assert "cannot be shown right now" in page.text
    assert "orders" not in page.text


@pytest.mark.parametrize("layout", ["slides", "list", "dropdown"])
def test_every_layout_is_drawn(site: Site, layout: str) -> None:
    page = site.anonymous(site.report(f"as-{layout}", layout=layout))
    assert f'<body class="{layout}">' in page.text


def test_a_dropdown_works_by_its_address_alone(site: Site) -> None:
    path = site.report("chosen", layout="dropdown")
    shown = re.findall(r'<section class="card" data-key="([^"]+)">', site.anonymous(f"{path}?view=step:Visits").text)
    assert shown == ["step:Visits"]


def test_no_request_that_began_after_a_publish_shows_older_data(site: Site) -> None:
    site.upload("busy")
    analysis_on(site, "busy")
    path = site.report("busy", "busy")
    late: list[tuple[int, int]] = []
    is_over = threading.Event()

    def read() -> None:
        with httpx.Client(base_url=site.base, timeout=60) as client:
            while not is_over.is_set():
                newest = site.app.warehouse.latest("busy").number
                shown = client.get(f"{path}.json").json()["data_version"]
                if shown < newest:
                    late.append((newest, shown))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for _ in range(10):
        site.post("/datasets/busy/versions", files={"file": ("sales.csv", SALES.encode())})
    is_over.set()
    for reader in readers:
        reader.join()
    assert late == []
    assert site.anonymous(f"{path}.json").json()["data_version"] == 11


@pytest.fixture(scope="module")
def views(site: Site) -> str:
    """The path of a report with every view."""
    return site.report("views", views=["waterfall", "funnel", "dimensions", "moves", "tree", "segments"])


@pytest.mark.parametrize(
    ("view", "begin"),
    [
        ("funnel", "step,base,current,change,change_pct,contribution,numerator,"),
        ("dimensions", "step,dimension,segments,lowest_segment,"),
        ("moves", ("country,kind,", "device,kind,")),
        ("tree", "depth,part,step,segment,"),
        ("segments", "segment,base,current,contribution"),
    ],
)
def test_every_view_has_a_picture_and_a_table(site: Site, views: str, view: str, begin: str | tuple[str, ...]) -> None:
    assert site.anonymous(f"{views}.svg?view={view}").content.startswith(b"<svg")
    assert site.anonymous(f"{views}.csv?view={view}").text.lstrip("\ufeff").startswith(begin)


def test_numbers_of_a_view_stand_beside_those_of_the_bridge(site: Site, views: str) -> None:
    answer = site.anonymous(f"{views}.json?view=funnel").json()
    assert (answer["view"]["name"], answer["view"]["rows"][-1]["current"]) == ("funnel", answer["total"]["current"])
