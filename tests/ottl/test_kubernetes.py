"""Configurations inside resources of the Collector's operator, with places in their file."""

import pytest

from otx.errors import UsageError
from otx.ottl.checking import check_source
from otx.ottl.format_file import format_file
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.kubernetes import is_collector_resource
from otx.ottl.source import ConfigFile, read_source

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
def test_a_resource_is_not_formatted(source: str) -> None:
    assert format_file(source, "c.yaml").text == source


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


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("kind: OpenTelemetryCollector\n", True),
        ('{\n  "kind": "OpenTelemetryCollector"\n}', True),
        ("kind: OpenTelemetryCollectors\n", False),
        ("a: {kind: x}\n", False),
    ],
)
def test_a_resource_says_what_it_is(source: str, is_one: bool) -> None:
    assert is_collector_resource(source) is is_one
