"""The OTTL of files, well written."""

import pytest

from otx.ottl.format_file import format_file
from otx.ottl.yaml_places import load_yaml


def test_statements_are_formatted_and_comments_stay() -> None:
    before = (
        '# names\nset( span.name,"a" )\n\nset(span.name,1) # no comment, so it does not parse\n'
    )
    assert format_file(before, "x.ottl") == before.replace(
        'set( span.name,"a" )', 'set(span.name, "a")'
    )


def test_a_list_stays_a_list() -> None:
    before = '# names\n- set(span.name,1)\n- "set(span.name,  2)" # two\n'
    after = '# names\n- set(span.name, 1)\n- "set(span.name, 2)" # two\n'
    assert format_file(before, "x.yaml") == after


@pytest.mark.parametrize("name", ["list", "config"])
def test_what_would_end_a_plain_text_is_quoted(name: str) -> None:
    item = '- set(span.attributes["a"],{"it\'s":1})\n'
    source = item if name == "list" else f"trace_statements:\n  {item}"
    after = load_yaml(format_file(source, "x.yaml"), "x.yaml").data
    found = after if isinstance(after, list) else after["trace_statements"]
    assert found == ['set(span.attributes["a"], {"it\'s": 1})']


def test_a_statement_with_a_comment_between_its_lines_stays_as_it_is() -> None:
    before = "set(span.name,\n# why\n  1)\nset( span.kind,2)\n"
    assert format_file(before, "x.ottl") == before.replace("set( span.kind,2)", "set(span.kind, 2)")


def test_line_ends_stay_and_only_they_end_a_line() -> None:
    assert format_file("set( span.kind,2)\r\n", "x.ottl") == "set(span.kind, 2)\r\n"
    # Python takes U+2028 for a line's end; here it stands in a text.
    text = 'set( span.name, "a\N{LINE SEPARATOR}b")\n'
    assert format_file(text, "x.ottl") == 'set(span.name, "a\\u2028b")\n'


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_without_a_statement_stays_as_it_is(text: str) -> None:
    assert format_file(text, "x.ottl") == text
