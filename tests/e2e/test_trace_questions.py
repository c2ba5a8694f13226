"""`otx trace order, diff, missing, map, paths` as a user calls them, on a file and on a pipe."""

import json
from pathlib import Path

import pytest

from otx.otlp.json_codec import write_message
from otx.otlp.records import traces_request
from tests.conftest import RunCli
from tests.tracing.kept import call

CLIENT = call(1, 2, 1, 10, 60, "POST", kind="CLIENT", attributes={"thread.id": 1})
SPANS = [
    call(1, 1, 0, 0, 100, "GET /", kind="SERVER", attributes={"thread.id": 1}),
    CLIENT,
    call(1, 3, 2, 15, 55, "POST /pay", service="bank", kind="SERVER"),
    call(1, 4, 1, 70, 90, "SELECT", attributes={"thread.id": 1}),
    call(1, 5, 1, 65, 95, "audit", attributes={"thread.id": 2}),
    call(2, 6, 0, 0, 80, "GET /", kind="SERVER"),
    call(2, 7, 6, 5, 70, "SELECT"),
    call(3, 8, 77, 0, 80, "GET /lost", kind="SERVER", flags=0x101),
]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(write_message(traces_request(SPANS))))
    return str(path)


def test_order_tells_the_chain(run_cli: RunCli, file: str) -> None:
    found = run_cli(
        "trace", "order", f"{3:016x}", f"{5:016x}", "--trace", f"{1:032x}", "--in", file
    )
    assert found.returncode == 1, found.stderr
    assert found.stdout.startswith("unknown")
    found = run_cli(
        "trace", "order", f"{2:016x}", f"{4:016x}", "--trace", f"{1:032x}", "--in", file
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("caused (inferred): the first had ended before the other began")
    assert "inferred, thread: one thread ran both" in found.stdout


def test_order_finds_the_trace_by_the_span(run_cli: RunCli, file: str) -> None:
    found = run_cli(
        "trace", "order", f"{3:016x}", f"{1:016x}", "--in", file, "--format", "json"
    )  # the order in which they are named does not matter
    assert found.returncode == 0, found.stderr
    document = json.loads(found.stdout)
    assert document["relation"] == "caused"
    assert document["strength"] == "certain"
    assert [document["first"]["name"], document["second"]["name"]] == ["GET /", "POST /pay"]
    assert [edge["rule"] for edge in document["chain"]] == ["parent", "parent"]


def test_order_of_interleaved_tasks_claims_no_cause(run_cli: RunCli, tmp_path: Path) -> None:
    thread = {"thread.id": 1}
    spans = [
        call(1, 1, 0, 0, 100, "gather", attributes=thread),
        call(1, 2, 1, 10, 30, "a", attributes=thread),
        call(1, 3, 1, 11, 40, "b", attributes=thread),
        call(1, 4, 1, 35, 38, "j", attributes=thread),
    ]
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(write_message(traces_request(spans))))
    found = run_cli("trace", "order", f"{2:016x}", f"{4:016x}", "--in", str(path))
    assert found.stdout.startswith("before (inferred): the first began before the other")
    assert "inferred, began: it began later in the same thread" in found.stdout


def test_order_of_what_ran_beside_one_another(run_cli: RunCli, file: str) -> None:
    found = run_cli("trace", "order", f"{4:016x}", f"{5:016x}", "--in", file)
    assert found.returncode == 1
    assert found.stdout.startswith("concurrent")
    assert "overlap by 20.0 ms" in found.stdout


def test_order_tells_where_times_say_otherwise(run_cli: RunCli, tmp_path: Path) -> None:
    spans = [call(1, 1, 0, 100, 200, "GET /"), call(1, 2, 1, 10, 30, "set back")]
    path = tmp_path / "back.json"
    path.write_text(json.dumps(write_message(traces_request(spans))))
    found = run_cli("trace", "order", f"{1:016x}", f"{2:016x}", "--in", str(path))
    assert found.stdout.startswith("caused (certain)")
    assert "times say otherwise: the second ended 70.0 ms before the first began" in found.stdout


def test_a_list_is_as_wide_as_its_columns_whatever_a_root_is_called(
    run_cli: RunCli, tmp_path: Path
) -> None:
    path = tmp_path / "long.json"
    spans = [call(1, 1, 0, 0, 5, "a\nb" * 100_000)]
    path.write_text(json.dumps(write_message(traces_request(spans))))
    found = run_cli("trace", "list", "--in", str(path))
    assert [len(line) < 250 for line in found.stdout.splitlines()] == [True, True]


def test_missing_counts_children(run_cli: RunCli, tmp_path: Path) -> None:
    spans = [call(1, number, 9, 0, 5, "GET /") for number in (1, 2)]
    path = tmp_path / "orphans.json"
    path.write_text(json.dumps(write_message(traces_request(spans))))
    found = run_cli("trace", "missing", "--in", str(path))
    assert "is missing, of 2 children:" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("zz", "aaaa"), "is no span id"),
        (("abcdabcd", "aaaa"), "no span abcdabcd"),
        (("0000", "0001"), "spans of several traces begin with 0000"),
        ((f"{1:016x}", f"{1:016x}"), "one span"),
    ],
)
def test_order_refuses_what_it_cannot_order(
    run_cli: RunCli, file: str, arguments: tuple[str, str], words: str
) -> None:
    found = run_cli("trace", "order", *arguments, "--in", file)
    assert found.returncode in (1, 2)
    assert words in found.stderr
    assert not found.stdout


def test_diff_shows_both_sides(run_cli: RunCli, file: str) -> None:
    found = run_cli("trace", "diff", f"{1:032x}", f"{2:032x}", "--in", file)
    assert found.returncode == 0, found.stderr
    assert "before" in found.stdout
    assert any(line.startswith("-") and "POST /pay" in line for line in found.stdout.splitlines())
    document = json.loads(
        run_cli("trace", "diff", f"{1:032x}", f"{2:032x}", "--in", file, "--format", "json").stdout
    )
    assert document["after"]["duration_ns"] == 80_000_000
    changes = {place["name"]: place["change"] for place in document["places"]}
    assert changes["SELECT"] == "slower"
    assert changes["POST /pay"] == "removed"


def test_missing_parents_are_told_with_their_reasons(run_cli: RunCli, file: str) -> None:
    found = run_cli("trace", "missing", "--in", file)
    assert found.returncode == 0, found.stderr
    assert f"parent {77:016x} of shop is missing" in found.stdout
    assert "lost: its children say that it ran in their own process" in found.stdout
    whole = run_cli("trace", "missing", f"{1:032x}", "--in", file)
    assert whole.stdout == "no span is missing, as far as these can tell\n"


def test_missing_servers_are_found_without_a_trace_being_named(
    run_cli: RunCli, tmp_path: Path
) -> None:
    spans = [
        call(1, 1, 0, 0, 100, "GET /", kind="SERVER"),
        call(1, 2, 1, 10, 60, "POST", kind="CLIENT", attributes={"server.address": "bank"}),
        call(2, 3, 0, 0, 100, "GET /", kind="SERVER"),
        call(2, 4, 3, 10, 60, "POST", kind="CLIENT", attributes={"server.address": "bank"}),
        call(2, 5, 4, 15, 55, "POST /pay", service="bank", kind="SERVER"),
        call(3, 6, 0, 0, 100, "GET", kind="CLIENT", attributes={"server.address": "elsewhere"}),
        call(4, 7, 77, 0, 80, "GET /lost", kind="SERVER", flags=0x101),
    ]
    path = tmp_path / "spans.json"
    path.write_text(json.dumps(write_message(traces_request(spans))))
    found = run_cli("trace", "missing", "--in", str(path))
    assert f"bank was called by {2:016x} (POST), no span tells" in found.stdout
    told = json.loads(run_cli("trace", "missing", "--in", str(path), "--format", "json").stdout)[
        "traces"
    ]
    assert sorted(one["trace_id"] for one in told) == [f"{1:032x}", f"{4:032x}"]
    by_id = {one["trace_id"]: one for one in told}
    (server,) = by_id[f"{1:032x}"]["missing_servers"]
    assert (server["rule"], server["peer"]) == ("missing-server", "bank")
    (parent,) = by_id[f"{4:032x}"]["missing_parents"]
    assert parent["rule"] == "missing-parent"
    assert [reason["rule"] for reason in parent["reasons"]] == ["missing-lost"]


def test_a_trace_that_is_not_there_is_not_said_to_be_missing_from_a_store(
    run_cli: RunCli, file: str
) -> None:
    for command in ("explain", "show"):
        found = run_cli("trace", command, "deadbeef", "--in", file)
        assert found.returncode == 1
        assert "no trace deadbeef in what was read" in found.stderr


def test_map_shows_who_calls_whom(run_cli: RunCli, file: str) -> None:
    found = run_cli("trace", "map", "--in", file)
    assert found.returncode == 0, found.stderr
    assert any(line.split()[:3] == ["shop", "bank", "call"] for line in found.stdout.splitlines())
    document = json.loads(run_cli("trace", "map", "--in", file, "--format", "json").stdout)
    assert [edge["callee"] for edge in document["calls"]] == ["bank"]


def test_paths_add_up_what_an_operation_waits_for(run_cli: RunCli, file: str) -> None:
    asked = ("trace", "paths", "--service", "shop", "--operation", "GET /", "--in", file)
    found = run_cli(*asked)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("2 calls")
    document = json.loads(run_cli(*asked, "--format", "json").stdout)
    assert sum(one["mean_ns"] for one in document["paths"]) == 90_000_000
    nobody = run_cli("trace", "paths", "--service", "x", "--operation", "GET /", "--in", file)
    assert nobody.returncode == 1
    assert "x has no span 'GET /'" in nobody.stderr


def test_a_file_without_spans_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text('{"resourceSpans": []}')
    found = run_cli("trace", "map", "--in", str(tmp_path / "empty.json"))
    assert found.returncode == 2
    assert "holds no spans" in found.stderr
