"""Filters that match by properties, as a user has them run, checked, explained and tested."""

import json
from pathlib import Path

from tests.conftest import RunCli
from tests.e2e.ottl_files import SHOP, logs, write_json

SPANS = """\
processors:
  filter/old:
    spans:
      include:
        match_type: regexp
        services: [^shop$]
        span_names: [^GET]
      exclude:
        match_type: strict
        span_names: [GET /health]
"""
EXPRESSIONS = """\
filter:
  metrics:
    exclude:
      match_type: expr
      expressions: ['MetricName == "up"']
"""


def test_run_drops_by_block_and_says_so(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS)
    write_json(tmp_path / "shop.json", SHOP)
    done = run_cli("ottl", "run", "-f", "old.yaml", "--in", "shop.json", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["dropped"] == {"filter/old.spans.include": 1, "filter/old.spans.exclude": 1}
    assert "GET /cart" in done.stdout
    assert "SELECT" not in done.stdout
    assert "deprecated" not in done.stderr


def test_a_trace_shows_what_each_property_saw(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS)
    write_json(tmp_path / "shop.json", SHOP)
    done = run_cli("ottl", "run", "-f", "old.yaml", "--in", "shop.json", "--trace")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert 'IsMatch(resource.attributes["service.name"], "^shop$") → true' in lines
    assert 'resource.attributes["service.name"] → "shop"' in lines
    assert 'span.name == "GET /health" → false' in lines
    assert lines.count("dropped") == 2


def test_check_warns_at_the_block_with_the_ottl_to_write(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS)
    done = run_cli("ottl", "check", "old.yaml")
    assert done.returncode == 0, done.stderr
    heads = [line for line in done.stdout.splitlines() if line.startswith("old.yaml")]
    assert heads == [
        "old.yaml:4:7: warning: processors.filter/old.spans.include: "
        "this form is deprecated; it drops what does not match",
        "old.yaml:8:7: warning: processors.filter/old.spans.exclude: "
        "this form is deprecated; it drops what matches",
    ]
    assert """in OTTL: trace_conditions: ['span.name == "GET /health"']""" in done.stdout


def test_mistakes_have_their_places(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS.replace("^GET", "GET(").replace("strict", "strikt"))
    done = run_cli("ottl", "check", "old.yaml")
    assert done.returncode == 1
    heads = [line for line in done.stdout.splitlines() if line.startswith("old.yaml")]
    assert [line.split(": error")[0] for line in heads] == ["old.yaml:7:21", "old.yaml:9:21"]
    assert "'strikt' is none of strict, regexp" in done.stdout


def test_expressions_are_refused_with_the_ottl_to_write(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(EXPRESSIONS)
    done = run_cli("ottl", "run", "-f", "old.yaml", "--in", "-", stdin=json.dumps(logs("a")))
    assert done.returncode == 2
    assert "old.yaml:5:22: filter.metrics.exclude.expressions[0]" in done.stderr
    assert 'hint: in metric_conditions: metric.name == "up"' in done.stderr


def test_explain_prints_the_configuration_to_write(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS)
    done = run_cli("ottl", "explain", "-f", "old.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "new.yaml").write_text(f"filter:\n{indented(done.stdout)}")
    write_json(tmp_path / "shop.json", SHOP)
    ran = [
        run_cli("ottl", "run", "-f", name, "--in", "shop.json", "--format", "otlp-json").stdout
        for name in ("old.yaml", "new.yaml")
    ]
    assert ran[0] == ran[1] != ""
    found = json.loads(run_cli("ottl", "explain", "-f", "old.yaml", "--format", "json").stdout)
    assert [one["rule"] for one in found[0]["conditions"]] == ["spans.include", "spans.exclude"]


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


def test_explain_takes_a_statement_or_a_file(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(SPANS)
    for flags in ((), ("true", "-f", "old.yaml"), ("-f", "old.yaml", "--context", "span")):
        done = run_cli("ottl", "explain", *flags)
        assert done.returncode == 2
        assert done.stderr.startswith("otx: error: ")


def test_a_failing_test_names_the_block_and_what_it_saw(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "old.test.yaml").write_text(
        """\
filter/old:
  spans:
    exclude:
      match_type: strict
      span_names: [GET /health]
tests:
  - name: carts are dropped
    input:
      span: {name: GET /cart}
    dropped: [0]
"""
    )
    done = run_cli("ottl", "test", "old.test.yaml", "--coverage")
    assert done.returncode == 1
    assert 'old.test.yaml:4:7  span.name == "GET /health"' in done.stdout
    assert 'span.name → "GET /cart"' in done.stdout
    assert "no test makes it true" in done.stdout
