"""A reader's own SQL: what it may, and above all what it may not."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import Busy, DataError
from core.warehouse import Version, Warehouse, door
from core.warehouse import doors as doors_module
from core.warehouse.doors import Doors, Limits, SqlAnswer

MIB = 1 << 20
Ask = Callable[..., SqlAnswer]


class _Everything(frozenset[str]):
    def __contains__(self, _name: object) -> bool:
        return True


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "warehouse" / "doors"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def ask(sales: Version, scratch: Path) -> Ask:
    def ask(sql: str, limit: int = 1000, **limits: int) -> SqlAnswer:
        return Doors(scratch, Limits(**limits)).ask(sql, {"sales": sales}, limit)

    return ask


def refusal(ask: Ask, sql: str, **limits: int) -> str:
    with pytest.raises(DataError) as caught:
        ask(sql, **limits)
    return str(caught.value)


def test_a_select_is_answered_with_its_columns(ask: Ask) -> None:
    answer = ask("SELECT country, sum(visits) AS visits FROM sales GROUP BY ALL ORDER BY 2 DESC")
    assert answer.columns == (("country", "VARCHAR"), ("visits", "HUGEINT"))
    assert answer.rows == (("FR", 300), ("DE", 110), (None, 10))
    assert not answer.is_cut


def test_ways_of_sql_that_analysts_know(ask: Ask) -> None:
    sql = """
        WITH days AS (SELECT day, sum(revenue) AS revenue FROM sales GROUP BY day)
        SELECT day, revenue - lag(revenue) OVER (ORDER BY day) AS change FROM days
        WHERE day IN (SELECT DATE '2026-01-01' + i::INTEGER FROM range(3) t(i)) QUALIFY change IS NOT NULL
    """
    assert ask(sql).rows == (("2026-01-02", -130.5),)


@pytest.mark.parametrize(
    "sql", ["DESCRIBE sales", "SUMMARIZE sales", "FROM sales", "SELECT * FROM sales; ", "-- x\nFROM sales"]
)
def test_short_ways_to_look_at_a_dataset_work(ask: Ask, sql: str) -> None:
    assert ask(sql).rows


def test_every_type_has_a_form_in_json(ask: Ask) -> None:
    sql = """
        SELECT 1.50::DECIMAL(9, 2), 'NaN'::DOUBLE, DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05.5',
        TIMESTAMPTZ '2026-01-02 03:04:05+01', [1, NULL], {'a': [DATE '2026-01-02']}, encode('ä'), NULL, true,
        170141183460469231731687303715884105727, INTERVAL 2 DAY, 'infinity'::DATE, MAP {'k': 1}
    """
    assert ask(sql).rows[0] == (
        *(1.5, None, "2026-01-02", "2026-01-02T03:04:05.5", "2026-01-02T02:04:05+00:00", [1, None]),
        *({"a": ["2026-01-02"]}, "w6Q=", None, True, 170141183460469231731687303715884105727, "2 days", "infinity"),
        {"k": 1},
    )


@pytest.mark.parametrize(("depth", "is_text"), [(100, False), (101, True), (9_000, True)])
def test_what_is_nested_without_end_stays_text(ask: Ask, depth: int, is_text: bool) -> None:
    ((value,),) = ask(f"SELECT '{'[' * depth}{']' * depth}'::JSON").rows
    assert isinstance(value, str) is is_text


def test_brackets_within_texts_are_no_nesting(ask: Ask) -> None:
    assert ask(f"SELECT ['{'[' * 500}', '\"{{']").rows == ((["[" * 500, '"{'],),)


def test_unicode_passes_both_ways(ask: Ask) -> None:
    answer = ask("""SELECT 'Zoë 🙂 "quoted"' AS "größe\u202e" """)
    assert (answer.columns[0][0], answer.rows[0][0]) == ("größe\u202e", 'Zoë 🙂 "quoted"')


def test_columns_of_one_name_stay_apart(ask: Ask) -> None:
    assert ask("SELECT 1 AS a, 2 AS a").rows == ((1, 2),)


def test_a_dataset_s_name_may_hold_dashes(sales: Version, scratch: Path) -> None:
    answer = Doors(scratch).ask('SELECT count(*) FROM "shop-sales"', {"shop-sales": sales}, 10)
    assert answer.rows == ((6,),)


def test_rows_beyond_the_limit_are_cut_and_said(ask: Ask) -> None:
    answer = ask("SELECT * FROM range(1000000)", limit=3)
    assert (answer.rows, answer.is_cut) == (((0,), (1,), (2,)), True)


def test_exactly_as_many_rows_as_the_limit_are_not_cut(ask: Ask) -> None:
    assert not ask("SELECT * FROM range(3)", limit=3).is_cut


def test_a_huge_answer_is_cut_by_its_size(ask: Ask) -> None:
    answer = ask("SELECT repeat('x', 1000) FROM range(100000)", limit=100_000, answer_bytes=MIB)
    assert 1000 < len(answer.rows) < 1100
    assert answer.is_cut


READING = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('0.parquet')",
    "SELECT * FROM '0.parquet'",
    "SELECT * FROM read_parquet('../../*/*.parquet')",
    "SELECT * FROM parquet_metadata('0.parquet')",
    "SELECT * FROM read_json('http://127.0.0.1/x.json')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_duckdb('/tmp/x.duckdb')",
    "SELECT getenv('HOME')",
    "SELECT (SELECT max(content) FROM read_text('/etc/hostname'))",
    "WITH x AS MATERIALIZED (FROM read_text('/etc/hostname')) FROM x",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/hostname'')')",
    "SELECT * FROM query_table('sales')",
    "SELECT * FROM json_execute_serialized_sql('{}')",
    "SELECT json_serialize_plan('FROM read_text(''/etc/hostname'')')",
]
SETTINGS = [
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM pg_catalog.pg_settings",
    "SELECT * FROM pg_settings",
    "SELECT * FROM (WITH pg_settings AS (SELECT 1) SELECT 1), pg_settings",
    "SELECT * FROM duckdb_views",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM system.main.pg_settings",
    "SELECT * FROM enable_logging(storage = 'file', storage_path = '/tmp/x')",
    "SELECT * FROM enable_profiling(save_location = '/tmp/x')",
]
MEMORY = [
    "SELECT * FROM arrow_scan(1::POINTER, 1::POINTER, 1::POINTER)",
    "SELECT * FROM pandas_scan(1::POINTER)",
    "SELECT * FROM python_map_function(1::POINTER)",
    "SELECT * FROM create_external_resource('x')",
]
CHANGING = [
    "INSERT INTO sales VALUES (1)",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW sales",
    "COPY (SELECT 1) TO '0.parquet' (FORMAT parquet, USE_TMP_FILE false)",
    "COPY sales TO '/tmp/bridgecast-door.csv'",
    "EXPORT DATABASE '/tmp/bridgecast-door'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 64",
    "RESET threads",
    "PRAGMA database_list",
    "CALL duckdb_settings()",
    "CHECKPOINT",
    "VACUUM",
    "USE main",
    "EXPLAIN ANALYZE FROM sales",
    "PREPARE x AS SELECT 1",
    "BEGIN",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET (TYPE s3)",
    "SET VARIABLE x = 1",
]


@pytest.fixture
def inside(sales: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What the far side says to SQL that it refuses, without a process for each."""
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "0.parquet").hardlink_to(sales.facts)
    monkeypatch.chdir(folder)

    def say(sql: str) -> str:
        asked = {"sql": sql, "tables": {"sales": "0.parquet"}, "limit": 10, **vars(Limits())}
        said = door.answer(asked)
        assert "error" in said, said
        return str(said["text"])

    return say


@pytest.mark.parametrize("sql", READING + SETTINGS + MEMORY)
def test_nothing_but_the_datasets_is_read(inside: Callable[[str], str], sql: str) -> None:
    assert re.search(
        "is not open here|There is no dataset|name of the database's own|getenv does not exist", inside(sql)
    )


def test_what_passes_the_check_meets_a_closed_database(sales: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a function overlooked, the database would still refuse."""
    monkeypatch.setattr(door, "TABLE_FUNCTIONS", _Everything())
    monkeypatch.chdir(sales.facts.parent)
    for sql in ("FROM read_text('/etc/hostname')", "FROM glob('/etc/*')", "FROM read_csv('../x.csv')"):
        said = door.answer({"sql": sql, "tables": {"sales": sales.facts.name}, "limit": 10, **vars(Limits())})
        assert "file system operations are disabled by configuration" in said["text"]


@pytest.mark.parametrize("sql", CHANGING)
def test_nothing_is_changed(inside: Callable[[str], str], sql: str) -> None:
    assert "exactly one SELECT" in inside(sql)


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 1; DROP VIEW sales", "", "-- nothing", ";"])
def test_it_is_exactly_one_statement(inside: Callable[[str], str], sql: str) -> None:
    assert "exactly one SELECT" in inside(sql)


def test_a_python_variable_is_no_table(ask: Ask) -> None:
    assert "no dataset 'asked'" in refusal(ask, "SELECT * FROM asked")


def test_another_dataset_is_not_there(ask: Ask) -> None:
    assert refusal(ask, "SELECT * FROM salaries") == (
        "There is no dataset 'salaries' that you may read. Those that the query may mean: sales."
    )


def test_wrong_sql_is_told_in_the_database_s_words(ask: Ask) -> None:
    assert 'Referenced column "regoin" not found' in refusal(ask, "SELECT regoin FROM sales")
    assert "syntax error" in refusal(ask, "SELEC 1")


def test_no_answer_names_a_path_of_the_server(inside: Callable[[str], str], ask: Ask, tmp_path: Path) -> None:
    said = [inside(sql) for sql in READING + SETTINGS + CHANGING + ["SELECT x FROM sales"]]
    seen = ask("SELECT * FROM information_schema.views").rows
    assert str(tmp_path) not in f"{said} {seen}"


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r WHERE n < 0",
        "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7",
        "SELECT sum(sin(i)) FROM range(100000000000) t(i)",
    ],
)
def test_a_runaway_is_stopped(ask: Ask, sql: str) -> None:
    began = time.monotonic()
    assert "longer than 1 seconds" in refusal(ask, sql, time_s=1)
    assert time.monotonic() - began < 60


def test_a_process_that_does_not_stop_is_killed(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deaf = tmp_path / "deaf.py"
    deaf.write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()")
    monkeypatch.setattr(doors_module, "DOOR", deaf)
    monkeypatch.setattr(doors_module, "GRACE_S", 1.0)
    started: list[subprocess.Popen[bytes]] = []

    class Kept(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Kept)
    assert "longer than 1 seconds" in refusal(ask, "SELECT 1", time_s=1)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(DISTINCT i * 7919 % 1000003 || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx' || i) FROM range(30000000) t(i)",
        "SELECT length(repeat('x', 3000000000))",
        "SELECT list(i) FROM range(1000000000) t(i)",
    ],
)
def test_a_memory_hog_is_stopped(ask: Ask, sql: str) -> None:
    said = refusal(ask, sql, memory_bytes=100 * MIB, spill_bytes=20 * MIB)
    assert "needs more than 100 MiB of memory or 20 MiB of temporary space" in said


def test_nothing_is_left_behind(ask: Ask, scratch: Path) -> None:
    ask("SELECT * FROM sales ORDER BY ALL")
    refusal(ask, "SELECT * FROM nowhere")
    assert list(scratch.iterdir()) == []


def test_the_process_sees_nothing_of_the_environment(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKDB_SECRET", "a-secret")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert ask("SELECT 1").rows == ((1,),)


def test_too_many_at_once_are_asked_to_come_again(
    sales: Version, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors_module, "WAIT_S", 0.05)
    doors = Doors(scratch, Limits(time_s=3))
    slow = "SELECT sum(sin(i)) FROM range(100000000000) t(i)"

    def ask_slowly() -> None:
        with pytest.raises(DataError):
            doors.ask(slow, {"sales": sales}, 1)

    threads = [threading.Thread(target=ask_slowly) for _ in range(doors_module.AT_ONCE)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(list(scratch.iterdir())) < doors_module.AT_ONCE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(Busy):
        doors.ask("SELECT 1", {"sales": sales}, 1)
    for thread in threads:
        thread.join()


def test_a_version_that_is_gone_is_told(sales: Version, scratch: Path) -> None:
    gone = replace(sales, facts=sales.facts.with_name("9.parquet"))
    with pytest.raises(DataError, match="'sales' was published or deleted meanwhile"):
        Doors(scratch).ask("FROM sales", {"sales": gone}, 1)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path / "warehouse", threads=1, memory_limit="1GB")
    yield warehouse
    warehouse.close()


def test_a_warehouse_answers_behind_doors(opened: Warehouse, sales: Version) -> None:
    assert opened.ask("SELECT count(*) FROM sales", {"sales": sales}).rows == ((6,),)
