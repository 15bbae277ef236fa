"""README, CHANGELOG and docs/ say what is so: settings, links, layers, and every example runs."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from core.app import App, open_app
from core.settings import PRODUCT_VERSION, REPOSITORY, Settings
from core.web import create_web

PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TOKEN = "a-token-that-is-only-for-tests"
MOST_PICTURE_BYTES = 250_000


def text_of(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def blocks(path: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(path), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What headings are called in addresses."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_readme_lists_every_setting_and_no_other() -> None:
    (table,) = re.findall(r"^## Settings\n(.*?)^## ", text_of("README.md"), flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(BRIDGECAST_\w+)`", table)) == {f"BRIDGECAST_{n.upper()}" for n in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_setting_that_is_not_there(page: Path) -> None:
    named = set(re.findall(r"BRIDGECAST_[A-Z_]+", page.read_text(encoding="utf-8")))
    assert named <= {f"BRIDGECAST_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link:
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_the_readme_leads_to_every_page_of_the_docs() -> None:
    linked = {(REPOSITORY / link).resolve() for link in LINK.findall(text_of("README.md")) if "://" not in link}
    assert {page for page in PAGES if page.parent.name == "docs"} <= linked


def test_the_picture_is_small() -> None:
    assert (REPOSITORY / "docs" / "bridge.png").stat().st_size < MOST_PICTURE_BYTES


def test_the_changelog_begins_with_this_version() -> None:
    assert re.findall(r"^## (\S+)", text_of("CHANGELOG.md"), flags=re.MULTILINE)[0] == PRODUCT_VERSION


def test_the_layers_are_those_that_are_checked() -> None:
    settings = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in settings if contract["type"] == "layers")
    (drawn,) = re.findall(r"## Layers\n.*?```\n(.*?)```", text_of("docs/architecture.md"), flags=re.DOTALL)
    assert [re.split(r"\s{2,}", line)[0] for line in drawn.splitlines()] == ["Home.py, pages/", *layers]


@pytest.mark.parametrize("page", ["README.md", "docs/notebook.md"])
def test_the_python_examples_of_a_page_run(page: str, tmp_path: Path) -> None:
    script = "\n".join(blocks(page, "python"))
    settings = {"BRIDGECAST_DATA_DIR": str(tmp_path), "BRIDGECAST_THREADS": "1"}
    environment = {**os.environ, **settings, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120
    )
    assert "core.notebook" in script
    assert run.returncode == 0, run.stderr


@dataclass(frozen=True)
class Example:
    """One call of curl. `url` begins with $API or $O. sent, kept: files that are the body, and that hold the answer."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None
    form: dict[str, str]
    sent: str
    kept: str
    status: int | None


def examples(page: str) -> Iterator[Example]:
    """The calls of curl in their order; a comment that is a number is the status they end with."""
    for block in blocks(page, "sh"):
        text = re.sub(r"#\s*([45]\d\d)$", r"STATUS=\1", block, flags=re.MULTILINE)
        calls: list[list[str]] = []
        for word in shlex.split(text, comments=True):
            if word.endswith("curl"):
                calls.append([])
            elif calls:
                calls[-1].append(word)
        yield from map(example_of, calls)


def example_of(words: list[str]) -> Example:
    given: dict[str, list[str]] = {"-X": [], "-H": [], "-d": [], "-F": [], "-o": [], "--data-binary": []}
    for option, value in pairwise(words):
        if option in given:
            given[option].append(value)
    has_body = bool(given["-d"] or given["-F"])
    return Example(
        method=next(iter(given["-X"]), "POST" if has_body else "GET"),
        url=next(word for word in words if word.startswith(("$O", "$API"))),
        headers={name: value for name, _, value in (h.partition(": ") for h in given["-H"] if h != "$AUTH")},
        body=next(iter(given["-d"]), None),
        form={name: value for name, _, value in (field.partition("=") for field in given["-F"])},
        sent=next(iter(given["--data-binary"]), "").removeprefix("@"),
        kept=next(iter(given["-o"]), ""),
        status=next((int(word[7:]) for word in words if word.startswith("STATUS=")), None),
    )


@pytest.fixture
def demo_app(tmp_path: Path) -> Iterator[App]:
    app = open_app(Settings(data_dir=tmp_path / "var", demo=True, owner_token=TOKEN, threads=1))
    yield app
    app.close()


@pytest.fixture
def sample_file(tmp_path: Path) -> None:
    """The file that the page prints to /tmp."""
    (content,) = re.findall(r"printf '(.*?)' > /tmp/sales\.csv", text_of("docs/api.md"))
    (tmp_path / "sales.csv").write_text(content.replace("\\n", "\n"))


async def answers(web: FastAPI, organisation: str, folder: Path) -> list[tuple[Example, str, httpx.Response]]:
    """Every example of the page with its address and its answer; files of /tmp lie in `folder`."""
    values = {"O": f"/api/v1/orgs/{organisation}", "API": "/api/v1"}
    found = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://localhost") as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        for example in examples("docs/api.md"):
            url = Template(example.url).substitute(values)
            answer = await send(client, example, url, folder)
            found.append((example, url, answer))
            if answer.status_code == 201 and "links" in answer.json():
                export = answer.json()
                values |= {"EXPORT": export["id"], "LINK": export["links"][0]["id"]}
                values |= {"TRIGGER": export["triggers"][0]["id"]}
            if answer.status_code == 202 and "duplicate" in answer.json():
                values |= {"RUN": answer.json()["run_id"]}
            if answer.status_code == 201 and "invitation" in answer.json():
                values |= {"PERSON": answer.json()["id"]}
            if answer.status_code == 201 and "token" in answer.json():
                values |= {"TOKEN": answer.json()["id"]}
            if answer.status_code == 201 and "secrets" in answer.json():
                values |= {"CONNECTION": answer.json()["id"]}
    return found


async def send(client: httpx.AsyncClient, example: Example, url: str, folder: Path) -> httpx.Response:
    body: str | bytes | None = example.body.replace("/tmp/", f"{folder}/") if example.body else None
    if example.sent:
        body = (folder / Path(example.sent).name).read_bytes()
    fields = {name: value for name, value in example.form.items() if not value.startswith("@")}
    files = {
        name: (Path(value).name, (folder / Path(value).name).read_bytes())
        for name, value in example.form.items()
        if value.startswith("@")
    }
    answer = await client.request(
        example.method, url, headers=example.headers, content=body, data=fields or None, files=files or None
    )
    if example.kept:
        (folder / Path(example.kept).name).write_bytes(answer.content)
    return answer


@pytest.mark.usefixtures("sample_file")
def test_the_api_examples_work_and_name_every_operation(demo_app: App, tmp_path: Path) -> None:
    web = create_web(demo_app)
    shown = set()
    for example, url, answer in asyncio.run(answers(web, demo_app.organisation.id, tmp_path)):
        expected = {example.status} if example.status else {200, 201, 202, 204}
        assert answer.status_code in expected, f"{example.method} {example.url}: {answer.text}"
        shown |= operations(web.openapi(), example.method, url)
    known = {(verb.upper(), path) for path, verbs in web.openapi()["paths"].items() for verb in verbs}
    assert known == shown


def operations(schema: dict[str, Any], method: str, url: str) -> set[tuple[str, str]]:
    """The operation of the description that an address belongs to."""
    wanted = urlsplit(url).path
    return {
        (method, path)
        for path, verbs in schema["paths"].items()
        if method.lower() in verbs and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), wanted)
    }
