"""Files that hold OTTL, and where in them things stand."""

import pytest

from otx.errors import UsageError
from otx.ottl.source import ConfigFile, StatementFile, read_source

PLAIN = """\
# names
set(span.name, "a")

set(span.name, "b")
  where span.kind == 2
"""


def statements(source: str, name: str) -> StatementFile:
    read = read_source(source, name, {})
    assert isinstance(read, StatementFile)
    return read


def test_a_statement_goes_on_in_lines_that_are_indented() -> None:
    read = statements(PLAIN, "x.ottl")
    assert [(one.text, one.line) for one in read.statements] == [
        ('set(span.name, "a")', 2),
        ('set(span.name, "b")\n  where span.kind == 2', 4),
    ]
    place = read.place(1, read.statements[1].text.index("kind"))
    assert (place.line, place.column) == (5, 14)


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("- set(span.name, 1)\n", 12),
        ('- "set(span.name, 1)"\n', 13),
        ("[ 'set(span.name, 1)' ]\n", 13),
    ],
)
def test_places_in_a_list_are_those_of_the_yaml(source: str, column: int) -> None:
    read = statements(source, "x.yaml")
    place = read.place(0, len("set(span."))
    assert (place.line, place.column) == (1, column)
    assert place.text[column - 1 :].startswith("name")


def test_what_holds_no_ottl_is_refused() -> None:
    with pytest.raises(UsageError, match="holds no OTTL"):
        read_source("a: 1\n", "x.yaml", {})
    with pytest.raises(UsageError, match="other than statements"):
        read_source("- 1\n", "x.yaml", {})


def test_a_configuration_is_told_by_its_content() -> None:
    assert isinstance(read_source("log_statements:\n  - route()\n", "x", {}), ConfigFile)
