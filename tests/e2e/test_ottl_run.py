"""`otx ottl run` as a user calls it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CLI_TIMEOUT_S, RunCli, wait_until
from tests.e2e.ottl_files import (
    SHOP,
    TRACE,
    every_encoding,
    logs,
    names,
    names_in_protobuf,
    span,
    traces,
    write_json,
)

CHANGE = 'set(span.name, "x") where span.kind == SPAN_KIND_SERVER'
FAILING = 'set(span.attributes["a"], Substring(span.name, 0, 9))'
COLLECTOR = """\
receivers: {otlp: {protocols: {grpc: {}}}}
processors:
  batch: {}
  transform/rename:
    error_mode: propagate
    trace_statements:
      - context: span
        conditions: ['kind == SPAN_KIND_SERVER']
        statements:
          - replace_pattern(name, "^GET (.*)$$", "$$1 ${env:REGION}")
  filter/health:
    trace_conditions:
      - span.name == "/health eu"
  transform/unused:
    trace_statements: ['set(span.name, "unused")']
exporters: {debug: {}}
service:
  pipelines:
    traces:
      receivers: [otlp]
      processors: [transform/rename, batch, filter/health]
      exporters: [debug]
"""


@pytest.fixture
def shop(tmp_path: Path) -> str:
    return write_json(tmp_path / "shop.json", SHOP)


@pytest.mark.parametrize("form", ["otlp-json", "otlp", "jsonl", "diff", "table", "json"])
def test_every_form(run_cli: RunCli, tmp_path: Path, shop: str, form: str) -> None:
    out = tmp_path / "out"
    done = run_cli("ottl", "run", "-s", CHANGE, "--in", shop, "--format", form, "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    content = out.read_bytes()
    if form in ("otlp-json", "jsonl"):
        assert names(json.loads(content)) == ["x", "x", "SELECT"]
    elif form == "otlp":
        assert names_in_protobuf(content) == ["x", "x", "SELECT"]
    elif form == "json":
        document = json.loads(content)
        assert names(document["routes"].pop("")) == ["x", "x", "SELECT"]
        assert document == {"routes": {}, "dropped": {}}
    else:
        assert b"name" in content
        assert content.count(b"GET /") == (2 if form == "table" else 4)


def test_a_pipe_gets_otlp_json_and_a_difference_has_no_colour(run_cli: RunCli, shop: str) -> None:
    piped = run_cli("ottl", "run", "-s", CHANGE, "--in", shop)
    assert names(json.loads(piped.stdout)) == ["x", "x", "SELECT"]
    assert piped.stderr == ""
    shown = run_cli("ottl", "run", "-s", CHANGE, "--in", shop, "--format", "diff")
    assert shown.stdout.splitlines() == [
        f'1  span "GET /cart", trace {TRACE} span 0000000000000001',
        '  ~ span.name  "GET /cart" → "x"',
        f'2  span "GET /health", trace {TRACE} span 0000000000000002',
        '  ~ span.name  "GET /health" → "x"',
    ]
    assert shown.stderr == "2 records of 3 changed\n"
    coloured = run_cli(
        "ottl", "run", "-s", CHANGE, "--in", shop, "--format", "diff", "--color", "always"
    )
    assert "\x1b[33m" in coloured.stdout


def test_every_encoding_is_read(run_cli: RunCli, tmp_path: Path) -> None:
    for name in every_encoding(tmp_path, SHOP):
        done = run_cli("ottl", "run", "-s", CHANGE, "--in", name)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert names(json.loads(done.stdout)) == ["x", "x", "SELECT"], name


@pytest.mark.parametrize("flags", [(), ("--in", "-")])
def test_stdin_is_read(run_cli: RunCli, flags: tuple[str, ...]) -> None:
    done = run_cli("ottl", "run", "-s", CHANGE, *flags, stdin=json.dumps(SHOP))
    assert names(json.loads(done.stdout)) == ["x", "x", "SELECT"]


def test_a_file_of_statements_and_several_of_them(
    run_cli: RunCli, tmp_path: Path, shop: str
) -> None:
    (tmp_path / "s.ottl").write_text(f"# names\n{CHANGE}\nset(span.kind,\n    1)\n")
    done = run_cli("ottl", "run", "-f", "s.ottl", "--in", shop, "--format", "diff")
    assert done.stdout.count("~ span.kind") == 3
    twice = run_cli(
        "ottl",
        "run",
        "-s",
        CHANGE,
        "-s",
        'set(span.name, "y") where span.name == "x"',
        "--in",
        shop,
    )
    assert names(json.loads(twice.stdout)) == ["y", "y", "SELECT"]
    from_stdin = run_cli("ottl", "run", "-f", "-", "--in", shop, stdin=CHANGE)
    assert names(json.loads(from_stdin.stdout)) == ["x", "x", "SELECT"]


def test_a_whole_collector_configuration(run_cli: RunCli, tmp_path: Path, shop: str) -> None:
    (tmp_path / "collector.yaml").write_text(COLLECTOR)
    command = ("ottl", "run", "-f", "collector.yaml", "--in", shop)
    done = run_cli(*command, variables={"REGION": "eu"})
    assert done.returncode == 0, done.stderr
    assert names(json.loads(done.stdout)) == ["/cart eu", "SELECT"]
    assert done.stderr == "dropped 1 record by filter/health.trace_conditions[0]\n"
    unset = run_cli(*command)
    assert (
        "otx: warning: collector.yaml:10:55: REGION is not set: it becomes empty text"
        in unset.stderr
    )


def test_tail_sampling_keeps_whole_traces(run_cli: RunCli, tmp_path: Path) -> None:
    other = {**span("other"), "traceId": "f" * 32}
    write_json(tmp_path / "two.json", traces(span("a", kind=2), span("b", 2), other))
    policies = [
        {"name": "servers", "type": "ottl_condition", "ottl_condition": {"span": ["kind == 2"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": 100}},
    ]
    write_json(tmp_path / "sampling.json", {"tail_sampling": {"policies": policies}})
    done = run_cli("ottl", "run", "-f", "sampling.json", "--in", "two.json")
    assert names(json.loads(done.stdout)) == ["a", "b"]
    assert "warning: tail_sampling: traces that only slow would keep are dropped" in done.stderr


def test_routes_as_json(run_cli: RunCli, tmp_path: Path) -> None:
    write_json(tmp_path / "logs.json", logs("east", "west", "east"))
    row = {"context": "log", "condition": 'body == "east"', "pipelines": ["logs/east"]}
    write_json(
        tmp_path / "r.json", {"routing": {"table": [row], "default_pipelines": ["logs/other"]}}
    )
    done = run_cli("ottl", "run", "-f", "r.json", "--in", "logs.json", "--format", "json")
    routes = json.loads(done.stdout)["routes"]
    bodies = {
        pipeline: [
            one["body"]["stringValue"]
            for one in content["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
        ]
        for pipeline, content in routes.items()
    }
    assert bodies == {"logs/east": ["east", "east"], "logs/other": ["west"]}
    assert done.stderr == "routing.table[0] took 2 records\n"


def test_a_failure_under_propagate_names_record_path_and_value(run_cli: RunCli, shop: str) -> None:
    done = run_cli(
        "ottl", "run", "-s", "set(span.name, span.kind) where span.kind == 3", "--in", shop
    )
    assert done.returncode == 1
    assert done.stderr == (
        "otx: error: set(span.name, span.kind) where span.kind == 3\n"
        f'  failed on span 3 of 3 "SELECT", trace {TRACE} span 0000000000000003, in shop.json:'
        " span.name takes a string, not int 3\n"
    )
    assert names(json.loads(done.stdout)) == ["GET /cart", "GET /health", "SELECT"]


@pytest.mark.parametrize(("mode", "code"), [("propagate", 1), ("ignore", 0), ("silent", 0)])
def test_the_error_mode_decides_the_exit_code(
    run_cli: RunCli, tmp_path: Path, shop: str, mode: str, code: int
) -> None:
    done = run_cli("ottl", "run", "-s", FAILING, "--in", shop, "--error-mode", mode)
    assert done.returncode == code
    write_json(
        tmp_path / "c.json", {"transform": {"error_mode": mode, "trace_statements": [FAILING]}}
    )
    assert run_cli("ottl", "run", "-f", "c.json", "--in", shop).returncode == code
    overridden = run_cli("ottl", "run", "-f", "c.json", "--in", shop, "--error-mode", "ignore")
    assert overridden.returncode == 0
    assert "1 failure; the first:" in overridden.stderr


def test_trace_tells_each_statement_on_each_record_and_why(run_cli: RunCli, shop: str) -> None:
    done = run_cli("ottl", "run", "-s", CHANGE, "-s", FAILING, "--trace", "--in", shop)
    assert done.returncode == 1
    lines = [line.partition(" µs")[0] for line in done.stdout.splitlines()]
    marks = [line[0] for line in lines if not line.startswith(" ")]
    assert marks == ["✓", "✗", "✓", "✗", "·", "✗"]
    assert '    ~ span.name  "GET /cart" → "x"' in lines
    assert any("failed: " in line and "the text has 1 bytes" in line for line in lines)
    why = lines.index("    span.kind == SPAN_KIND_SERVER → false")
    assert lines[why + 1] == "      span.kind → SPAN_KIND_CLIENT (3)"


def test_trace_names_the_component_of_the_steps_that_follow(
    run_cli: RunCli, tmp_path: Path, shop: str
) -> None:
    condition = 'set(span.attributes["{}"], 1) where span.kind == SPAN_KIND_SERVER'
    write_json(
        tmp_path / "c.json",
        {
            f"transform/{name}": {"trace_statements": [condition.format(name)]}
            for name in ("one", "two")
        },
    )
    done = run_cli("ottl", "run", "-f", "c.json", "--trace", "--in", shop)
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert (lines[0], lines[4]) == ("transform/one", "transform/two")
    assert len(lines) == 8


def test_records_go_by_the_names_that_stand_in_the_input(run_cli: RunCli, shop: str) -> None:
    masked = 'set(span.name, "REDACTED")'
    told = run_cli("ottl", "run", "-s", masked, "--trace", "--in", shop)
    assert told.stdout.startswith('✓ span 1 of 3 "GET /cart", trace ')
    failed = run_cli("ottl", "run", "-s", masked, "-s", FAILING, "--in", shop)
    assert 'failed on span 1 of 3 "GET /cart", trace ' in failed.stderr
    compared = run_cli("ottl", "run", "-s", masked, "-s", FAILING, "--in", shop, "--format", "diff")
    assert 'failed on span 1 of 3 "GET /cart", trace ' in compared.stderr


def test_an_input_that_is_not_there_is_exit_2(run_cli: RunCli) -> None:
    done = run_cli("ottl", "run", "-s", CHANGE, "--in", "nowhere.json")
    assert done.returncode == 2
    assert "cannot read nowhere.json" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-s", "set(span.nmae, 1)"], "otx: error: -s:1:10: 'nmae' is no path of the context span"),
        (["-s", "set(span.name"], "-s:1:14: statement has invalid syntax: it ends too soon"),
        (["-s", CHANGE, "-s", "nope()"], "-s:"),
        (["-s", CHANGE, "--context", "spam"], "'spam' is no context"),
        (["-s", CHANGE, "--feature-gates", "+spam"], "'spam' is no feature gate of OTTL"),
        (["-s", CHANGE, "--format", "xml"], "Invalid value for '--format'"),
        ([], "one of -s STATEMENT and -f FILE is wanted"),
        (["-s", CHANGE, "-f", "x"], "one of -s STATEMENT and -f FILE is wanted"),
        (["-f", "nowhere.yaml"], "cannot read nowhere.yaml: No such file or directory"),
        (["-s", CHANGE, "--in", "nowhere.json"], "--in is given twice"),
        (
            ["-s", "set(span.name, 1) where TraceIDRatioBasedSampler(1.0)", "--strict"],
            "TraceIDRatioBasedSampler is otx's own, refused by --strict",
        ),
    ],
)
def test_what_does_not_parse_or_check_is_exit_2(
    run_cli: RunCli, shop: str, arguments: list[str], said: str
) -> None:
    done = run_cli("ottl", "run", "--in", shop, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_stdin_cannot_hold_both(run_cli: RunCli) -> None:
    done = run_cli("ottl", "run", "-f", "-", stdin=CHANGE)
    assert done.returncode == 2
    assert "stdin cannot hold both the statements and the data" in done.stderr


def test_an_error_in_yaml_has_its_place_in_the_file(
    run_cli: RunCli, tmp_path: Path, shop: str
) -> None:
    (tmp_path / "c.yaml").write_text(
        COLLECTOR.replace("replace_pattern(name,", "replace_pattern(nmae,")
    )
    done = run_cli("ottl", "run", "-f", "c.yaml", "--in", shop)
    assert done.returncode == 2
    head, line, caret, hint = done.stderr.splitlines()
    assert head == "otx: error: c.yaml:10:29: 'nmae' is no path of the context span"
    assert caret.index("^") == line.index("nmae")
    assert hint == "  hint: did you mean name?"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"resourceSpans":[{"scope', "is no JSON"),
        (b"", None),
        (b"\n\n", None),
        (b"no telemetry", "is no OTLP"),
        (b"[1, 2]", "[0] is no OTLP"),
        (b'{"a": 1}', "is no OTLP: it needs one of resourceSpans"),
        (b"\x1f\x8b\x08 no gzip", "the gzip stream is corrupt"),
        (b"\x28\xb5\x2f\xfd no zstd", "the zstd stream is corrupt"),
        (b"\x0a\xff\xff\x03abc", "is cut off"),
        (bytes(range(1, 255)), "is cut off"),
        (b'{"resourceSpans":' + b"[" * 5000 + b"]" * 5000 + b"}", "is no JSON"),
        (b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"\xff"}]}]}]}', "is no JSON"),
        (
            b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":7}]}]}]}',
            "a string is wanted, not a number",
        ),
        (b'{"resourceSpans":[]}\n{"resourceLogs":[]}\nnope\n', "in:3 is no JSON"),
    ],
)
def test_hostile_input_is_an_error_with_its_place_and_nothing_is_half_written(
    run_cli: RunCli, tmp_path: Path, content: bytes, said: str | None
) -> None:
    (tmp_path / "in").write_bytes(content)
    out = tmp_path / "out.json"
    out.write_text("before")
    for form in ("otlp-json", "diff"):
        done = run_cli("ottl", "run", "-s", CHANGE, "--in", "in", "--format", form, "-o", str(out))
        assert "Traceback" not in done.stderr
        assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".part")] == []
        if said is None:
            assert done.returncode == 0, done.stderr
            assert out.read_text() == ("{}\n" if form == "otlp-json" else "")
            out.write_text("before")
        else:
            assert done.returncode == 2
            assert said in done.stderr
            assert out.read_text() == "before"


def test_a_body_of_10_mb_and_deep_values_are_carried(run_cli: RunCli, tmp_path: Path) -> None:
    write_json(tmp_path / "big.json", logs("x" * 10_000_000))
    big = run_cli(
        "ottl",
        "run",
        "-s",
        'set(log.attributes["n"], Len(log.body))',
        "--in",
        "big.json",
        "--format",
        "diff",
    )
    assert '+ log.attributes["n"]  10000000' in big.stdout
    value: dict[str, object] = {"stringValue": "x"}
    for _ in range(40):
        value = {"arrayValue": {"values": [value]}}
    deep = logs("x")
    deep["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"] = value
    write_json(tmp_path / "deep.json", deep)
    done = run_cli(
        "ottl", "run", "-s", 'set(log.attributes["copy"], log.body)', "--in", "deep.json"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("arrayValue") == 80


def test_text_cut_within_a_character_is_valid_json(run_cli: RunCli, tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", traces(span("café")))
    statement = 'set(span.attributes["a"], Substring(span.name, 0, 4))'
    for form in ("otlp-json", "jsonl", "diff", "table"):
        done = run_cli("ottl", "run", "-s", statement, "--in", "a.json", "--format", form)
        assert done.returncode == 0, done.stderr
        if form != "table":
            assert "caf\N{REPLACEMENT CHARACTER}" in done.stdout


def test_a_large_file_is_worked_on_in_order(run_cli: RunCli, tmp_path: Path) -> None:
    padding = [{"key": "p", "value": {"stringValue": "x" * 2000}}]
    documents = [
        traces(*(span(f"{batch}-{n}", n, attributes=padding) for n in range(200)))
        for batch in range(30)
    ]
    write_json(tmp_path / "large.jsonl", *documents)
    done = run_cli("ottl", "run", "-s", 'set(span.attributes["p"], "y")', "--in", "large.jsonl")
    assert done.returncode == 0, done.stderr
    assert names(json.loads(done.stdout)) == [f"{b}-{n}" for b in range(30) for n in range(200)]
    stopped = run_cli(
        "ottl", "run", "--in", "large.jsonl", "--format", "jsonl",
        "-s", 'set(span.attributes["p"], Substring(span.name, 0, 99)) where span.name == "17-5"',
    )  # fmt: skip
    assert stopped.returncode == 1
    assert "in large.jsonl:18: " in stopped.stderr
    assert len(stopped.stdout.splitlines()) == 18


def test_a_trace_as_json_has_a_row_a_step(run_cli: RunCli, shop: str, tmp_path: Path) -> None:
    arguments = ("ottl", "run", "-s", CHANGE, "--trace", "--in", shop)
    done = run_cli(*arguments, "--format", "jsonl", "-o", "trace.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    rows = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["ran", "ran", "not matched"]
    assert rows[0]["changed"] == [
        {"sign": "~", "path": "span.name", "before": "GET /cart", "after": "x"}
    ]
    refused = run_cli(*arguments, "--format", "otlp", "-o", "trace.out")
    assert refused.returncode == 2
    assert "--trace tells steps, which have no form otlp" in refused.stderr
    assert not (tmp_path / "trace.out").exists()


def _heed_interrupts() -> None:
    """Undo what a shell does to what it starts in the background, these tests among it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_says_how_far_it_got(cli_variables: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "otx", "ottl", "run", "-s", CHANGE, "-o", "out.json"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=cli_variables,
        preexec_fn=_heed_interrupts,
    ) as process:
        wait_until((tmp_path / ".out.json.part").exists, "it writes")
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=CLI_TIMEOUT_S)
    assert stderr == "otx: stopped after 0 records: nothing was written\n"
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_no_error(cli_variables: dict[str, str], tmp_path: Path) -> None:
    write_json(tmp_path / "many.jsonl", *[SHOP] * 5000)
    command = [sys.executable, "-m", "otx", "ottl", "run", "-s", CHANGE, "--in", "many.jsonl"]
    process = subprocess.Popen(
        [*command, "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=cli_variables,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


WHOLE = """\
receivers: {otlp: {}}
exporters: {debug: {}}
processors:
  transform/before: {trace_statements: ['set(span.attributes["before"], true)']}
  transform/after: {trace_statements: ['set(span.attributes["after"], true)']}
  transform/other: {trace_statements: ['set(span.attributes["other"], true)']}
connectors:
  routing:
    default_pipelines: [traces/rest]
    table:
      - {context: span, condition: kind == SPAN_KIND_SERVER, pipelines: [traces/server]}
service:
  pipelines:
    traces/in: {receivers: [otlp], processors: [transform/before], exporters: [routing]}
    traces/server: {receivers: [routing], processors: [transform/after], exporters: [debug]}
    traces/rest: {receivers: [routing], exporters: [debug]}
    traces/other: {receivers: [otlp], processors: [transform/other], exporters: [debug]}
"""


def keys(content: dict[str, object]) -> list[set[str]]:
    """The keys of the attributes of each span of a request."""
    found: list[set[str]] = []
    for resource in content["resourceSpans"]:  # type: ignore[attr-defined]
        for scope in resource["scopeSpans"]:
            found += [{one["key"] for one in span["attributes"]} for span in scope["spans"]]
    return found


def test_a_whole_configuration_runs_through_its_pipelines(
    run_cli: RunCli, tmp_path: Path, shop: str
) -> None:
    config = tmp_path / "whole.yaml"
    config.write_text(WHOLE)
    done = run_cli("ottl", "run", "-f", str(config), "--in", shop, "--format", "json")
    assert done.returncode == 0, done.stderr
    routes = json.loads(done.stdout)["routes"]
    assert all({"before", "after"} <= one for one in keys(routes["traces/server"]))
    assert not any("after" in one for one in keys(routes["traces/rest"]))
    assert "traces/other is not run" in done.stderr
    assert "--pipeline traces/other chooses it" in done.stderr
    options = ("--in", shop, "--pipeline", "traces/other")
    other = run_cli("ottl", "run", "-f", str(config), *options)
    assert all("other" in one and "before" not in one for one in keys(json.loads(other.stdout)))


def test_names_that_nothing_has_are_refused(run_cli: RunCli, tmp_path: Path, shop: str) -> None:
    config = tmp_path / "whole.yaml"
    config.write_text(WHOLE.replace("[transform/after]", "[transform/aftr]"))
    checked = run_cli("ottl", "check", "-f", str(config))
    assert checked.returncode == 1
    assert "whole.yaml:15:56: error:" in checked.stdout
    assert "did you mean transform/after?" in checked.stdout
    done = run_cli("ottl", "run", "-f", str(config), "--in", shop)
    assert (done.returncode, done.stdout) == (2, "")
    named = run_cli("ottl", "run", "-f", str(config), "--in", shop, "--pipeline", "traces/othr")
    assert named.returncode == 2
