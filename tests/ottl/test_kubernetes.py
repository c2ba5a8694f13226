"""Configurations inside resources of the Collector's operator, with places in their file."""

import textwrap

import pytest

from otx.errors import UsageError
from otx.ottl.checking import check_source
from otx.ottl.format_file import format_file
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.source import ConfigFile, read_source, read_sources

HEAD = """\
apiVersion: opentelemetry.io/v1beta1
kind: OpenTelemetryCollector
metadata: {name: otel, annotations: {note: "${not:read}"}}
spec:
  env: [{name: X, value: "$(POD) ${1}"}]
"""
MAP = (
    HEAD
    + """\
  config:
    processors:
      transform:
        log_statements:
          - set(log.body,  "$$1") where log.bdy == "${env:X}"
"""
)
TEXT = (
    HEAD
    + """\
  config: |
    processors:
      transform:
        log_statements:
          - set(log.body,  "$$1") where log.bdy == "${env:X}"
"""
)
QUOTED = HEAD + "  config: \"transform:\\n  log_statements: ['set(log.bdy, 1)']\\n\"\n"


def read(source: str) -> ConfigFile:
    found = read_source(source, "c.yaml", {"X": "x"})
    assert isinstance(found, ConfigFile)
    return found


@pytest.mark.parametrize(("source", "place"), [(MAP, (10, 45)), (TEXT, (10, 45))])
def test_places_are_those_in_the_file(source: str, place: tuple[int, int]) -> None:
    (finding,) = check_source(read(source), FunctionSet())
    assert (finding.place.line, finding.place.column) == place
    assert finding.place.text.endswith('"${env:X}"')
    assert finding.hint == "did you mean body?"


def test_a_quoted_text_has_its_places_too() -> None:
    (finding,) = check_source(read(QUOTED), FunctionSet())
    assert finding.place.line == 6
    assert finding.place.text[finding.place.column - 1 :].startswith("bdy")


@pytest.mark.parametrize("source", [MAP, TEXT])
def test_variables_are_those_of_the_configuration(source: str) -> None:
    data = read(source).data
    (statement,) = data["processors"]["transform"]["log_statements"]
    assert statement == 'set(log.body,  "$1") where log.bdy == "x"'


@pytest.mark.parametrize("source", [MAP, TEXT])
def test_a_resource_is_formatted(source: str) -> None:
    done = format_file(source, "c.yaml")
    assert done.text == source.replace("log.body,  ", "log.body, ")
    assert done.left == []


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (HEAD, "c.yaml is a resource without a configuration in spec.config"),
        (HEAD.replace("spec:\n", "spec: x\nz:\n"), "without a configuration"),
        (HEAD + "  config: |\n    a: [\n    b: 1\n", "c.yaml:9:1: no YAML"),
        (HEAD + "  config: {receivers: {}}\n", "holds no OTTL"),
        (HEAD + "  config: {a: '${1}'}\n", "c.yaml:6:16: ${1}: '1' cannot be the name"),
    ],
)
def test_what_cannot_be_read_is_named(source: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(source)
    assert message in caught.value.message


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: otel}\n"
CONFIG = """\
processors:
  transform:
    log_statements: ['set(log.bdy, "${env:X}")']
"""
CONFIG_MAP = """\
kind: ConfigMap
metadata: {name: m}
data:
  note: "a: [broken"
  run.sh: "echo ${1}"
  other.yaml: |
    receivers: [{name: pager}]
  relay.yaml: |
"""
VALUES = "mode: daemonset\nservice: {enabled: true}\nconfig:\n"


def places(source: str) -> list[tuple[int, int, str]]:
    """Where the misspelt word is found, in all configurations of a file."""
    return [
        (one.place.line, one.place.column, one.place.text)
        for each in read_sources(source, "c.yaml", {"X": "x"})
        for one in check_source(each, FunctionSet())
    ]


@pytest.mark.parametrize(
    ("head", "indent"),
    [
        (NAMESPACE + "---\n" + HEAD + "  config:\n", 4),
        ("---\n" + NAMESPACE + "---\n---\n" + HEAD + "  config: |\n", 4),
        (CONFIG_MAP, 4),
        (VALUES, 2),
        ("alternateConfig:\n", 2),
        ("kind: List\nitems:\n- kind: Namespace\n- kind: ConfigMap\n  data:\n    a: |\n", 6),
    ],
)
def test_a_configuration_is_found_in_what_kubernetes_has(head: str, indent: int) -> None:
    source = head + textwrap.indent(CONFIG, " " * indent)
    (place,) = places(source)
    line = source.splitlines()[-1]
    assert place == (len(source.splitlines()), line.index("bdy") + 1, line)
    assert len(read_sources(source, "c.yaml", {})) == 1
    (statement,) = read(source).data["processors"]["transform"]["log_statements"]
    assert statement == 'set(log.bdy, "x")'


def test_each_of_several_collectors_is_read_and_one_is_run() -> None:
    source = "".join(
        f"kind: OpenTelemetryCollector\nmetadata: {{name: {name}}}\nspec:\n  config:\n"
        f"{textwrap.indent(CONFIG, '    ')}---\n"
        for name in ("agent", "gateway")
    )
    assert [line for line, _, _ in places(source)] == [7, 15]
    with pytest.raises(UsageError, match="holds 2 Collector configurations: agent, gateway"):
        read(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (NAMESPACE + "---\n" + NAMESPACE, "c.yaml:4:1: no YAML: several documents"),
        (CONFIG_MAP.replace("note:", "note.yaml:"), "no YAML"),
        (CONFIG_MAP.replace('"a: [broken"', "a") + "    receivers: {}\n", "holds no OTTL"),
        (NAMESPACE + "---\n" + HEAD, "a resource without a configuration in spec.config"),
    ],
)
def test_what_of_kubernetes_holds_no_configuration_is_refused(source: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(source)
    assert message in caught.value.message


def test_what_is_no_file_of_kubernetes_is_read_as_ever() -> None:
    assert places("---\n" + CONFIG)[0][0] == 4
    assert places("config: {a: 1}\n" + CONFIG)[0][0] == 4


def test_every_configuration_of_a_file_is_formatted_where_it_stands() -> None:
    loose = CONFIG.replace("log.bdy,", "log.bdy, ")
    source = (
        f"{NAMESPACE}---\n{HEAD}  config:\n{textwrap.indent(loose, '    ')}---\n"
        f"{CONFIG_MAP}{textwrap.indent(loose, '    ')}"
    )
    done = format_file(source, "c.yaml")
    assert (done.text, done.left) == (source.replace("bdy,  ", "bdy, "), [])


def test_a_manifest_on_stdin_is_known_by_its_first_line() -> None:
    source = f"{NAMESPACE}---\n{HEAD}  config:\n{textwrap.indent(CONFIG, '    ')}"
    assert isinstance(read_source(source, "-", {}), ConfigFile)
    assert isinstance(read_source(f"---\n{source}", "-", {}), ConfigFile)
