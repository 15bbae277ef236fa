from __future__ import annotations

import time
from pathlib import Path

import pytest

from core.access.tokens import hash_token
from core.model.access import Person
from core.store.people import keep_token
from tests.web.conftest import MORNING, REVENUE, SALES, Site

MORE = SALES + "2026-03-01,FR,mobile,10,1,50\n"
HALF_PAST_SIX = {"rule": {"every": "weekday", "at": "06:30"}, "zone": "Europe/Paris"}


def from_path(slug: str, path: Path) -> dict[str, object]:
    return {"slug": slug, "name": slug, "source": {"kind": "files", "path": str(path)}}


def test_an_upload_becomes_a_dataset_with_roles(site: Site) -> None:
    answer = site.upload("uploaded")
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{site.prefix}/datasets/uploaded"
    made = answer.json()
    assert (made["version"], made["rows"], made["newest"]) == (1, 6, "2026-02-12")
    roles = {column["name"]: column["role"] for column in made["columns"]}
    assert roles["day"] == "date"
    assert (roles["country"], roles["revenue"]) == ("dimension", "metric")


def test_nothing_of_an_upload_stays_behind(site: Site) -> None:
    site.upload("swept")
    assert list((site.app.settings.data_dir / "incoming").iterdir()) == []


def test_a_path_on_the_server_becomes_a_dataset(site: Site, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(SALES)
    answer = site.post("/datasets", json=from_path("by-path", tmp_path / "sales.csv"))
    assert (answer.status_code, answer.json()["rows"]) == (201, 6)


def test_a_path_on_the_server_is_for_the_owner_and_administrators(site: Site, tmp_path: Path) -> None:
    with site.app.store.write() as session:
        person = Person(
            organisation_id=site.app.organisation.id,
            email="bob@example.org",
            name="Bob",
            role="analyst",
            created_at=site.app.clock(),
        )
        session.add(person)
        session.flush()
        keep_token(session, person.id, "bob", hash_token("bob-s"), ("read", "write"), now=site.app.clock())
    (tmp_path / "sales.csv").write_text(SALES)
    body = from_path("bob-s", tmp_path / "sales.csv")
    answer = site.post("/datasets", json=body, headers={"Authorization": "Bearer bob-s"})
    assert answer.status_code == 403


def test_a_taken_slug_is_409(site: Site) -> None:
    assert site.upload("sales").status_code == 409


def test_a_form_without_a_file_is_refused_at_its_field(site: Site) -> None:
    answer = site.post("/datasets", files={"slug": (None, "x"), "name": (None, "X")})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "file")


def form(*parts: tuple[str, str]) -> bytes:
    return b"".join(f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{body}\r\n".encode() for name, body in parts)


NAMED = (('name="slug"', "half"), ('name="name"', "Half"))


@pytest.mark.parametrize("end", ["", "--b", "--b\r\n"])
def test_a_form_that_breaks_off_is_400_and_nothing_is_published(site: Site, end: str) -> None:
    body = form(*NAMED, ('name="file"; filename="x.csv"', SALES)) + end.encode()
    answer = site.post("/datasets", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert site.get("/datasets/half").status_code == 404
    assert list((site.app.settings.data_dir / "incoming").iterdir()) == []


def test_capitals_do_not_count_in_the_kind_of_a_body(site: Site) -> None:
    body = form(('name="slug"', "capitals"), ('name="name"', "C"), ('name="file"; filename="x.csv"', SALES)) + b"--b--"
    answer = site.post("/datasets", content=body, headers={"Content-Type": "Multipart/Form-Data; boundary=b"})
    assert answer.status_code == 201


def test_the_folders_in_a_file_s_name_are_dropped(site: Site) -> None:
    fields = {"slug": "folders", "name": "Folders"}
    for number, name in enumerate(("../../etc/x.csv", "C:\\Users\\x.csv")):
        fields["slug"] = f"folders-{number}"
        answer = site.post("/datasets", data=fields, files={"file": (name, SALES.encode())})
        assert answer.json()["source"]["file_name"] == "x.csv"


def test_an_unknown_way_of_reading_is_refused_at_its_field(site: Site) -> None:
    answer = site.upload("misread", read='{"date_fmt": "day-first"}')
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "read.date_fmt")


def test_a_dataset_keeps_a_name(site: Site) -> None:
    assert site.upload("nameless", name=" ").status_code == 422
    assert site.patch("/datasets/sales", json={"name": " "}).status_code == 422


def test_another_kind_of_body_is_415(site: Site) -> None:
    assert site.post("/datasets", content=b"a,b", headers={"Content-Type": "text/csv"}).status_code == 415


def test_an_ambiguous_file_is_asked_about(site: Site) -> None:
    text = "day;visits\n" + "".join(f"0{n}/02/2026;{n}\n" for n in range(1, 10))
    answer = site.upload("ambiguous", text)
    problem = answer.json()
    assert (answer.status_code, problem["column"], problem["option"]) == (422, "day", "date_format")
    assert len(problem["readings"]) == 2


def test_what_was_asked_about_can_be_answered(site: Site) -> None:
    text = "day;visits\n" + "".join(f"0{n}/02/2026;{n}\n" for n in range(1, 10))
    answer = site.upload("answered", text, read='{"date_format": "day-first"}')
    assert (answer.status_code, answer.json()["newest"]) == (201, "2026-02-09")


def test_a_newer_file_becomes_the_next_version(site: Site) -> None:
    site.upload("replaced")
    answer = site.post("/datasets/replaced/versions", files={"file": ("newer.csv", MORE.encode())})
    assert (answer.status_code, answer.json()["version"], answer.json()["rows"]) == (201, 2, 7)
    listed = site.get("/datasets/replaced/versions").json()["results"]
    assert [(v["version"], v["rows"]) for v in listed] == [(1, 6), (2, 7)]


def test_a_broken_newer_file_leaves_the_last_good_version(site: Site) -> None:
    site.upload("kept")
    assert site.post("/datasets/kept/versions", files={"file": ("empty.csv", b"")}).status_code == 422
    assert site.get("/datasets/kept").json()["version"] == 1


def test_a_refresh_publishes_what_changed(site: Site, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(SALES)
    site.post("/datasets", json=from_path("live", tmp_path / "sales.csv"))
    (tmp_path / "sales.csv").write_text(MORE)
    assert site.post("/datasets/live/refresh").json()["rows"] == 7


def test_a_column_s_role_can_be_changed_alone(site: Site) -> None:
    site.upload("roles")
    answer = site.patch("/datasets/roles", json={"columns": [{"name": "device", "role": "ignored"}]})
    roles = {column["name"]: column["role"] for column in answer.json()["columns"]}
    assert (roles["device"], roles["country"]) == ("ignored", "dimension")


def test_a_column_that_is_not_there_is_named_with_its_place(site: Site) -> None:
    answer = site.patch("/datasets/sales", json={"columns": [{"name": "contry", "role": "ignored"}]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "columns.0.name")
    assert "Did you mean 'country'?" in answer.json()["detail"]


def test_a_change_from_an_old_state_is_412(site: Site) -> None:
    site.upload("guarded")
    tag = site.get("/datasets/guarded").headers["etag"]
    first = site.patch("/datasets/guarded", json={"name": "One"}, headers={"If-Match": tag})
    second = site.patch("/datasets/guarded", json={"name": "Two"}, headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert site.get("/datasets/guarded").json()["name"] == "One"


def test_a_form_with_many_fields_is_given_up_at_once(site: Site) -> None:
    fields = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%d"\r\n\r\nx\r\n' % number for number in range(30_000)
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    began = time.monotonic()
    answer = site.post("/datasets", content=fields + b"--b--\r\n", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (413, "The form has more than 20 fields.")
    assert time.monotonic() - began < 10


def test_a_dataset_that_is_needed_is_not_deleted(site: Site) -> None:
    answer = site.delete("/datasets/sales")
    assert answer.status_code == 409
    assert "'revenue'" in answer.json()["detail"]


def test_a_deleted_dataset_is_gone(site: Site) -> None:
    site.upload("gone")
    assert site.delete("/datasets/gone").status_code == 204
    assert site.get("/datasets/gone").status_code == 404


@pytest.mark.parametrize("body", [REVENUE, MORNING])
def test_a_body_of_another_kind_is_refused_field_by_field(site: Site, body: dict[str, object]) -> None:
    answer = site.post("/datasets", json=body)
    assert answer.status_code == 422
    assert "source" in {e["field"] for e in answer.json()["errors"]}


def live(site: Site, tmp_path: Path, slug: str) -> None:
    """A dataset with a source that can be read again."""
    path = tmp_path / f"{slug}.csv"
    path.write_text(SALES)
    made = site.post("/datasets", json=from_path(slug, path))
    assert made.status_code == 201, made.text


def test_a_schedule_reads_a_live_source_again_and_null_takes_it_away(site: Site, tmp_path: Path) -> None:
    live(site, tmp_path, "scheduled")
    assert site.get("/datasets/scheduled").json()["refresh"] == {"schedule": None}
    kept = site.patch("/datasets/scheduled", json={"refresh": {"schedule": HALF_PAST_SIX}}).json()
    schedule = kept["refresh"]["schedule"]
    assert (schedule["state"], schedule["zone"], schedule["rule"]["at"]) == ("on", "Europe/Paris", "06:30")
    assert {moment[11:16] for moment in schedule["next_fires"]} == {"06:30"}
    assert kept["version"] == 1
    assert site.get("/datasets/scheduled").json()["refresh"] == kept["refresh"]
    gone = site.patch("/datasets/scheduled", json={"refresh": {"schedule": None}}).json()
    assert gone["refresh"] == {"schedule": None}


def test_a_schedule_that_cannot_be_changes_nothing_else_either(site: Site, tmp_path: Path) -> None:
    live(site, tmp_path, "unscheduled")
    never = {"refresh": {"schedule": {"cron": "0 25 * * *"}}, "name": "Another"}
    answer = site.patch("/datasets/unscheduled", json=never)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "refresh.schedule.cron")
    assert site.get("/datasets/unscheduled").json()["name"] == "unscheduled"


def test_an_upload_has_no_schedule(site: Site) -> None:
    answer = site.patch("/datasets/sales", json={"refresh": {"schedule": HALF_PAST_SIX}})
    assert answer.status_code == 422
    assert "uploaded file, which cannot be read again" in answer.text
