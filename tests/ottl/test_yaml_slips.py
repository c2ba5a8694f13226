"""OTTL that YAML takes for something else: told with the line, the caret and the quoted form."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.ottl.checking import Finding, check_source
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.source import read_source
from tests.ottl.trees import statements

HEAD = "transform:\n  log_statements:\n"
QUOTED = "put the statement in single quotes: "


def findings(source: str) -> list[Finding]:
    return check_source(read_source(source, "c.yaml", {}), FunctionSet())


@pytest.mark.parametrize(
    ("item", "column", "reason", "hint"),
    [
        (
            '"set(log.attributes["m"], 1)"',
            28,
            'the text in double quotes ends at the next "',
            f"{QUOTED}'set(log.attributes[\"m\"], 1)'",
        ),
        (
            "'set(log.body, 'x')'",
            23,
            "the text in single quotes ends at the next '",
            "write 'set(log.body, \"x\")'",
        ),
        (
            '"set(log.body, 1) where IsMatch(log.body, \\"\\d\\")"',
            51,
            "the text in double quotes has an escape that YAML does not know",
            f"{QUOTED}'set(log.body, 1) where IsMatch(log.body, \"\\d\")'",
        ),
        (
            'set(log.attributes["m"], {"x": {"y": 1}})',
            47,
            "`: ` in a text without quotes makes it a key and a value",
            f'{QUOTED}\'set(log.attributes["m"], {{"x": {{"y": 1}}}})\'',
        ),
        (
            '[set(log.attributes["m"], 1)]',
            27,
            "in a list in brackets a text without quotes ends at a comma or bracket",
            "put the statement in single quotes, or in a line of its own behind a dash: "
            "['set(log.attributes[\"m\"], 1)']",
        ),
    ],
    ids=["double", "single", "escape", "map", "brackets"],
)
def test_what_ends_the_yaml_is_told_in_words_of_both(
    item: str, column: int, reason: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        findings(f"{HEAD}    - {item}\n")
    head, line, carets = caught.value.message.split("\n")
    assert head.endswith(f": no YAML: {reason}")
    assert line == f"      - {item}"
    assert carets.strip() == "^"
    assert head.startswith(f"c.yaml:3:{len(carets) - 2}: ")
    assert caught.value.hint == hint


def test_yaml_that_is_wrong_by_itself_keeps_its_words_and_has_its_line() -> None:
    with pytest.raises(UsageError) as caught:
        findings("transform:\n  a: [1}\n")
    head, line, _ = caught.value.message.split("\n")
    assert "did not find expected" in head or "found" in head
    assert line == "    a: [1}"
    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (HEAD + '    - set(log.attributes["m"], {"x": 1})\n    - set(log.body, "x")\n', (3, 7)),
        (HEAD + '    - statements:\n        - set(log.attributes["m"], {"x": 1})\n', (4, 11)),
        ('log_statements:\n  - set(log.attributes["m"], {"x": 1})\n', (2, 5)),
        (
            'filter:\n  log_conditions:\n    - log.attributes["a"] == "b: c"\n    - log.bdy == 1\n',
            (3, 7),
        ),
        ('filter:\n  logs:\n    log_record:\n      - IsMatch(log.body, "b: c")\n', (4, 9)),
    ],
)
def test_what_yaml_reads_as_a_map_is_one_finding(source: str, place: tuple[int, int]) -> None:
    (found,) = (one for one in findings(source) if "bdy" not in one.place.text)
    assert (found.place.line, found.place.column) == place
    assert found.message == "`: ` in a text without quotes makes it a key and a value"
    assert found.hint.startswith(QUOTED)
    quoted = found.hint.removeprefix(QUOTED)
    written = found.place.text[found.place.column - 1 :]
    assert [
        one.message
        for one in findings(source.replace(written, quoted))
        if one.message == found.message
    ] == []


@pytest.mark.parametrize(
    ("item", "column"), [("- [set(log.body, 1)]", 7), ("- statements: [set(log.body, 1)]", 19)]
)
def test_what_a_list_in_brackets_tears_apart_is_one_finding(item: str, column: int) -> None:
    (found,) = findings(f"{HEAD}    {item}\n")
    assert (found.place.line, found.place.column) == (3, column)
    assert found.hint.endswith("['set(log.body, 1)']")


def test_a_list_of_statements_is_told_too() -> None:
    with pytest.raises(UsageError) as caught:
        findings('- set(log.body, "x")\n- set(log.attributes["m"], {"x": 1})\n')
    assert caught.value.message.startswith("c.yaml:2:3: `: ` in a text")
    assert caught.value.hint == f'{QUOTED}\'set(log.attributes["m"], {{"x": 1}})\''


def test_what_follows_a_blank_and_a_hash_is_a_comment() -> None:
    (found,) = findings(HEAD + '    - set(log.body, "ticket #1")\n')
    wanted = f"{QUOTED}'set(log.body, \"ticket #1\")'"
    assert found.hint == f"YAML takes what follows ` #` for a comment: {wanted}"
    (other,) = findings(HEAD + '    - set(log.bdy, "x")  # why\n')
    assert other.hint == "did you mean body?"


def test_maps_and_lists_that_are_meant_are_none() -> None:
    source = HEAD + '    - statements: ["set(log.body, 1)"]\n      error_mode: soft\n'
    (found,) = findings(source)
    assert "error_mode" in found.message


@given(st.lists(statements, min_size=1, max_size=3))
def test_no_statement_in_single_quotes_is_a_slip(texts: list[str]) -> None:
    source = yaml.dump({"transform": {"log_statements": texts}}, default_style="'")
    assert not any("YAML" in one.hint or "quotes" in one.message for one in findings(source))


@given(st.lists(statements, min_size=1, max_size=2), st.sampled_from(["- {}", '- "{}"', "- [{}]"]))
def test_no_statement_is_a_fault_of_reading(texts: list[str], form: str) -> None:
    try:
        findings(HEAD + "".join(f"    {form.format(one)}\n" for one in texts))
    except UsageError as error:
        assert error.message.startswith("c.yaml")
