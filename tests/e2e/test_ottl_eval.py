"""`otx ottl eval` as a user calls it."""

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli
from tests.e2e.ottl_files import SHOP, TRACE, every_encoding, logs, span, traces, write_json


@pytest.fixture
def shop(tmp_path: Path) -> str:
    return write_json(tmp_path / "shop.json", SHOP)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("jsonl", '"GET /cart"\n"GET /health"\n"SELECT"\n'),
        ("json", '[\n  "GET /cart",\n  "GET /health",\n  "SELECT"\n]\n'),
        (
            "otlp",
            "".join(
                f'{{"stringValue": "{one}"}}\n' for one in ("GET /cart", "GET /health", "SELECT")
            ),
        ),
    ],
)
def test_every_form(run_cli: RunCli, tmp_path: Path, shop: str, form: str, written: str) -> None:
    done = run_cli("ottl", "eval", "span.name", "--in", shop, "--format", form)
    assert (done.returncode, done.stdout, done.stderr) == (0, written, "")
    to_file = run_cli("ottl", "eval", "span.name", "--in", shop, "--format", form, "-o", "out")
    assert to_file.stdout == ""
    assert (tmp_path / "out").read_text() == written


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("span.trace_id", TRACE),
        ("span.kind + 1", 3),
        ("span.attributes", {}),
        ("span.events", []),
        ("span.status", {}),
        ('[1, "a", nil, 0x00ff]', [1, "a", None, "AP8="]),
        ('Double("NaN")', "NaN"),
        ('{"a": {"b": true}}', {"a": {"b": True}}),
        ("Hour(Duration)", None),
    ],
)
def test_values_of_every_kind_are_json(
    run_cli: RunCli, shop: str, expression: str, value: object
) -> None:
    done = run_cli("ottl", "eval", expression, "--context", "span", "--in", shop)
    if value is None:
        assert done.returncode == 2
        return
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0]) == value


@pytest.mark.parametrize(
    ("condition", "flags", "code"),
    [
        ('span.name == "SELECT"', (), 0),
        ('span.name == "SELECT"', ("--exit-status",), 0),
        ('span.name == "none"', (), 0),
        ('span.name == "none"', ("--exit-status",), 1),
    ],
)
def test_a_condition_and_its_exit_status(
    run_cli: RunCli, shop: str, condition: str, flags: tuple[str, ...], code: int
) -> None:
    done = run_cli("ottl", "eval", condition, "--condition", *flags, "--in", shop)
    assert done.returncode == code
    assert done.stdout.split() == ["false", "false", "true" if "SELECT" in condition else "false"]


def test_every_encoding_and_stdin_are_read(run_cli: RunCli, tmp_path: Path) -> None:
    for name in every_encoding(tmp_path, SHOP):
        done = run_cli("ottl", "eval", "span.kind", "--in", name)
        assert done.stdout == "2\n2\n3\n", f"{name}: {done.stderr}"
    assert run_cli("ottl", "eval", "span.kind", stdin=json.dumps(SHOP)).stdout == "2\n2\n3\n"


def test_only_the_signal_of_the_context_is_evaluated(run_cli: RunCli, tmp_path: Path) -> None:
    write_json(tmp_path / "mixed.jsonl", SHOP, logs("a", "b"))
    assert run_cli("ottl", "eval", "log.body", "--in", "mixed.jsonl").stdout == '"a"\n"b"\n'
    names = run_cli("ottl", "eval", "scope.name", "--in", "mixed.jsonl")
    assert names.stdout == '"lib"\n""\n'


def test_a_failure_names_the_record_and_is_exit_1(
    run_cli: RunCli, tmp_path: Path, shop: str
) -> None:
    done = run_cli("ottl", "eval", "Substring(span.name, 0, 7)", "--in", shop, "-o", "out")
    assert done.returncode == 1
    assert f'failed on span 3 of 3 "SELECT", trace {TRACE}' in done.stderr
    assert f", in {shop}: Substring(span.name, 0, 7): " in done.stderr
    assert not (tmp_path / "out").exists()
    no_form = run_cli("ottl", "eval", "span.trace_id", "--in", shop, "--format", "otlp")
    assert no_form.returncode == 1
    assert "a TraceID cannot be stored as it is" in no_form.stderr


def test_text_that_is_no_utf_8_is_printable(run_cli: RunCli, tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", traces(span("café")))
    for form in ("jsonl", "json", "otlp"):
        done = run_cli(
            "ottl",
            "eval",
            "Substring(span.name, 0, 4)",
            "--in",
            "a.json",
            "--format",
            form,
            "-o",
            "out",
        )
        assert done.returncode == 0, done.stderr
        assert "caf\N{REPLACEMENT CHARACTER}" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["span.nmae"], "1:6: 'nmae' is no path of the context span"),
        (["span.name =="], "invalid syntax"),
        (["1 + 1"], "the context cannot be inferred"),
        (["span.name", "--condition"], "a path is no condition"),
        (["span.name", "--context", "spam"], "'spam' is no context"),
        (["span.name", "--in", "nowhere"], "cannot read nowhere"),
        (["set(span.name, 1)"], "set is used as a value"),
        (["(" * 5000 + "1" + ")" * 5000], "nested deeper"),
        ([""], "it ends too soon"),
    ],
)
def test_what_does_not_parse_or_check_is_exit_2(
    run_cli: RunCli, shop: str, arguments: list[str], said: str
) -> None:
    done = run_cli("ottl", "eval", *arguments, *(() if "--in" in arguments else ("--in", shop)))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
