"""`otx trace-context` as a user calls it."""

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from otx.cli import run
from otx.commands.trace_context.options import FormatName
from otx.environment import Environment
from otx.propagation.registry import BY_NAME
from otx.services.trace_context_convert import ALL
from tests.conftest import CLI_TIMEOUT_S, RunCli, Terminal
from tests.propagation.vector_case import Case, block, differences, load, pairs

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def otx(environment: Environment, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run `otx trace-context …` in this process; exit code, stdout, stderr."""
    world = replace(
        environment, stdin=io.BytesIO(stdin.encode()), stdout=Terminal(), stderr=Terminal()
    )
    code = run(["trace-context", *arguments], world)
    assert isinstance(world.stdout, Terminal)
    assert isinstance(world.stderr, Terminal)
    return code, world.stdout.text, world.stderr.text


def exit_code(case: Case) -> int:
    """1 where a header of a vector is invalid: `valid` does not speak of tracestate."""
    expected = case["expect"]
    return 0 if expected["valid"] and "tracestate_error" not in expected else 1


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector_on_stdin(case: Case, environment: Environment) -> None:
    code, out, said = otx(environment, "decode", "--format", "json", stdin=block(case))
    assert not differences(case, json.loads(out))
    assert (code, said) == (exit_code(case), "")


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_vector_as_arguments(case: Case, environment: Environment) -> None:
    words = [f"{name}: {value}" for name, value in pairs(case)]
    code, out, _ = otx(environment, "decode", "--format", "json", *words)
    assert not differences(case, json.loads(out))
    assert code == exit_code(case)


def test_all_vectors_as_blocks_of_one_stream(environment: Environment) -> None:
    stream = "\n".join(map(block, load()))
    code, out, _ = otx(environment, "decode", "--each", "--strict-level", "1", stdin=stream)
    documents = [json.loads(line) for line in out.splitlines()]
    assert len(documents) == len(load())
    for case, document in zip(load(), documents, strict=True):
        assert not differences(case, document, level=1)
    assert code == 1


def test_text_of_a_valid_header(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "decode", PARENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("✓ valid  W3C Trace Context (w3c)\n")
    assert "└ trace-id" in done.stdout
    assert "\x1b" not in done.stdout


def test_text_of_a_broken_header(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "decode", f"traceparent: {PARENT[:-1]}X", "tracestate: a=1")
    assert (done.returncode, done.stderr) == (1, "")
    assert "\n" + " " * (len("traceparent: ") + 54) + "^\n" in done.stdout
    assert "error bad_flags: 'X' is no lower-case hex digit" in done.stdout
    assert "3.2.2.5" in done.stdout
    assert "start a new trace" in done.stdout


def test_colour_when_asked_for(run_cli: RunCli) -> None:
    assert "\x1b[32m" in run_cli("--color", "always", "trace-context", "decode", PARENT).stdout


def test_stdin_forms(run_cli: RunCli) -> None:
    curl = f"* Connected\n> GET / HTTP/1.1\n> traceparent: {PARENT}\n>\n< HTTP/1.1 200 OK\n<\n"
    har = {
        "log": {
            "entries": [
                {
                    "request": {
                        "method": "GET",
                        "url": f"http://localhost/{number}",
                        "headers": [{"name": "traceparent", "value": PARENT}],
                    }
                }
                for number in range(2)
            ]
        }
    }
    decode = ["trace-context", "decode", "--format", "json"]
    assert json.loads(run_cli(*decode, stdin=curl).stdout)["trace_id"] == TRACE
    environment = f"HOME=/root\nTRACEPARENT={PARENT}\n"
    assert json.loads(run_cli(*decode, "-", stdin=environment).stdout)["carrier"] == "env"
    both = json.loads(run_cli(*decode, stdin=json.dumps(har)).stdout)
    assert [one["request"] for one in both] == ["GET http://localhost/0", "GET http://localhost/1"]
    text = run_cli("trace-context", "decode", stdin=json.dumps(har)).stdout
    assert text.count("✓ valid") == 2


def test_nothing_that_carries_context_is_an_answer_too(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "decode", stdin="Host: localhost\nAccept: */*\n")
    assert done.returncode == 1
    assert done.stdout.startswith("✗ no header carries trace context\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["decode", "--strict-level", "3", PARENT],
        ["decode", "--format", "yaml", PARENT],
        ["decode", "--each", "--format", "text", PARENT],
        ["convert", "--to", "zipkin", PARENT],
        ["encode", "--trace-id", "xyz"],
        ["encode", "--trace-id", "0" * 32],
        ["encode", "--parent-id", TRACE],
        ["encode", "--state", "no"],
        ["encode", "--baggage", "a b=1"],
        ["frobnicate"],
    ],
)
def test_what_cannot_be_used_is_said_in_three_lines(run_cli: RunCli, arguments: list[str]) -> None:
    done = run_cli("trace-context", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("otx: error: ")
    assert len(done.stderr.splitlines()) <= 3


def test_broken_json_on_stdin_is_unusable(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "decode", stdin='{"log": ')
    assert (done.returncode, done.stdout) == (2, "")
    assert "none" in done.stderr


def test_an_argument_that_is_no_utf8(cli_variables: dict[str, str], tmp_path: Path) -> None:
    words = ["-m", "otx", "trace-context", "decode", os.fsdecode(b"traceparent: \xff\xfe")]
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        timeout=CLI_TIMEOUT_S,
        env=cli_variables,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert "bad_length" in done.stdout.decode()


def test_each_answers_before_its_input_ends(cli_variables: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "otx", "trace-context", "decode", "--each"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=cli_variables,
        cwd=tmp_path,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"traceparent: {PARENT}\n\nb3: 0\n\n".encode())
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["trace_id"] == TRACE
        assert json.loads(process.stdout.readline())["format"] == "b3-single"
        process.stdin.close()
        assert process.wait(CLI_TIMEOUT_S) == 0


def test_each_takes_arguments_one_by_one(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "decode", "--each", PARENT, "b3: 0", "b3: x")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["format"] for one in documents] == ["w3c", "b3-single", "b3-single"]
    assert done.returncode == 1


def test_a_closed_pipe_ends_it_quietly(cli_variables: dict[str, str], tmp_path: Path) -> None:
    headers = tmp_path / "headers"
    headers.write_text(f"traceparent: {PARENT}\n" * 50_000)
    script = f'"{sys.executable}" -m otx trace-context decode --each < headers | head -1'
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        timeout=CLI_TIMEOUT_S,
        env=cli_variables,
        cwd=tmp_path,
        check=True,
    )
    assert done.stderr == b""
    assert json.loads(done.stdout)["valid"] is True


def test_each_keeps_to_constant_memory(cli_variables: dict[str, str], tmp_path: Path) -> None:
    def peak_kib(lines: int) -> int:
        headers = tmp_path / "headers"
        headers.write_text(f"traceparent: {PARENT}\n" * lines)
        script = (
            "import resource, sys; from otx.cli import run; "
            "code = run(['trace-context', 'decode', '--each', '-o', '/dev/null']); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        with headers.open("rb") as stdin:
            done = subprocess.run(
                [sys.executable, "-c", script],
                stdin=stdin,
                capture_output=True,
                timeout=CLI_TIMEOUT_S,
                env={**cli_variables, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
                check=True,
            )
        return int(done.stdout)

    assert peak_kib(100_000) - peak_kib(10_000) < 4096


def test_encode_makes_ids_that_differ_and_are_random(run_cli: RunCli) -> None:
    first = run_cli("trace-context", "encode").stdout
    second = run_cli("trace-context", "encode", "--sampled").stdout
    assert first.startswith("traceparent: 00-")
    assert first.endswith("-02\n")
    assert second.endswith("-03\n")
    assert first[16:48] != second[16:48]


def test_encode_of_what_is_given(run_cli: RunCli) -> None:
    ids = ["--trace-id", TRACE, "--parent-id", SPAN]
    done = run_cli(
        "trace-context",
        "encode",
        *ids,
        "--sampled",
        *("--state", "a=1", "--state", "b=2", "--baggage", "k=v"),
    )
    assert done.stdout == f"traceparent: {PARENT}\ntracestate: a=1,b=2\nbaggage: k=v\n"
    narrow = run_cli("trace-context", "encode", "--trace-id", SPAN, "--parent-id", SPAN)
    assert narrow.stdout == f"traceparent: 00-{'0' * 16}{SPAN}-{SPAN}-00\n"
    env = run_cli("trace-context", "encode", *ids, "--to", "env")
    assert env.stdout == f"TRACEPARENT={PARENT[:-2]}00\n"


def test_convert_says_what_is_lost(run_cli: RunCli) -> None:
    header = f"traceparent: {PARENT}"
    done = run_cli("trace-context", "convert", header, "baggage: k=v", "--to", "ot-trace")
    assert done.returncode == 0
    assert done.stdout.startswith(f"ot-tracer-traceid: {TRACE[16:]}\n")
    assert done.stderr == f"lost in ot-trace: the high 64 bits of the trace id, {TRACE[:16]}\n"
    document = json.loads(
        run_cli("trace-context", "convert", header, "--to", "ot-trace", "--format", "json").stdout
    )
    assert list(document) == ["format", "headers", "lost", "cautions"]
    assert [one["code"] for one in document["lost"]] == ["high_bits"]


def test_convert_to_all(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "convert", PARENT, "--to", "all", "--format", "json")
    documents = {one["format"]: one["headers"] for one in json.loads(done.stdout)}
    assert documents["w3c"] == {"traceparent": PARENT}
    assert documents["gcp"] == {"X-Cloud-Trace-Context": f"{TRACE}/67667974448284343;o=1"}
    assert len(documents) == 10
    text = run_cli("trace-context", "convert", PARENT, "--to", "all").stdout
    assert f"    b3: {TRACE}-{SPAN}-1\n" in text


def test_convert_of_a_broken_header(run_cli: RunCli) -> None:
    broken = f"b3: {TRACE}-{SPAN}-2"
    done = run_cli("trace-context", "convert", broken, "--to", "w3c")
    assert (done.returncode, done.stdout) == (1, "")
    assert "b3_bad_state" in done.stderr
    assert "^" in done.stderr
    document = run_cli("trace-context", "convert", broken, "--to", "w3c", "--format", "json")
    assert (document.returncode, json.loads(document.stdout)["error"]) == (1, "b3_bad_state")


@pytest.mark.parametrize("arguments", [["decode"], ["decode", "--each"], ["convert"]])
@pytest.mark.parametrize("stdin", ["", "\n \n"])
def test_nothing_to_read_is_a_mistake_in_use(
    run_cli: RunCli, arguments: list[str], stdin: str
) -> None:
    done = run_cli("trace-context", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing to read" in done.stderr


def test_a_broken_tracestate_is_an_invalid_header(run_cli: RunCli) -> None:
    headers = (f"traceparent: {PARENT}", "tracestate: Rojo=1")
    done = run_cli("trace-context", "decode", "--format", "json", *headers)
    assert (done.returncode, json.loads(done.stdout)["valid"]) == (1, True)
    each = run_cli("trace-context", "decode", "--each", stdin="\n".join((*headers, "", "")))
    assert each.returncode == 1
    done = run_cli("trace-context", "convert", *headers, "--to", "b3-single")
    assert (done.returncode, done.stdout) == (1, f"b3: {TRACE}-{SPAN}-1\n")
    assert "tracestate is dropped" in done.stderr


@pytest.mark.parametrize(
    "header", ["b3: 0", "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793"]
)
def test_convert_says_why_it_writes_nothing(run_cli: RunCli, header: str) -> None:
    done = run_cli("trace-context", "convert", header, "--to", "w3c")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing to write: w3c cannot say any of it" in done.stderr
    assert "lost in w3c: " in done.stderr


def test_an_id_made_for_xray_begins_with_the_time(run_cli: RunCli) -> None:
    done = run_cli("trace-context", "encode", "--to", "xray")
    assert (done.returncode, done.stderr.count("recent time")) == (0, 0)
    assert done.stdout.startswith("X-Amzn-Trace-Id: Root=1-")


def test_a_priority_that_datadog_does_not_have_is_told(run_cli: RunCli) -> None:
    headers = ("x-datadog-trace-id: 7", "x-datadog-parent-id: 8", "x-datadog-sampling-priority: 3")
    done = run_cli("trace-context", "decode", "--format", "json", *headers)
    document = json.loads(done.stdout)
    assert (done.returncode, document["warnings"]) == (0, ["dd_unknown_priority"])


def test_every_format_that_can_be_written_is_offered() -> None:
    written = {one.name for one in BY_NAME.values() if one.is_target or one.is_response}
    assert set(get_args(FormatName)) == {*written, ALL}


def test_output_goes_to_a_file(run_cli: RunCli, tmp_path: Path) -> None:
    run_cli("trace-context", "decode", PARENT, "--format", "json", "-o", "found.json")
    assert json.loads((tmp_path / "found.json").read_text())["valid"] is True


def test_a_subcommand_loads_what_it_needs_and_no_more() -> None:
    code = f"from otx.cli import run\nrun(['trace-context', 'decode', '--format=json', '{PARENT}'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = set(done.stderr.split())
    formats = {name for name in loaded if name.startswith("otx.propagation.formats.")}
    assert {name.rpartition(".")[2] for name in formats} == {"w3c", "traceparent", "tracestate"}
    assert not loaded & {"otx.propagation.report", "orjson", "google.protobuf", "rich"}


@pytest.mark.parametrize("line", [PARENT, f"traceparent: {PARENT}"], ids=["value", "header"])
def test_each_answers_a_live_pipe_line_by_line(line: str, cli_variables: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "otx", "trace-context", "decode", "--each"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=cli_variables,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(2):
            process.stdin.write(f"{line}\n".encode())
            # Nothing else is written before the answer is there.
            assert json.loads(process.stdout.readline())["trace_id"] == TRACE
        process.stdin.close()
        assert process.wait(CLI_TIMEOUT_S) == 0
