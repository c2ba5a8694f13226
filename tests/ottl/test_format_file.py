"""The OTTL of files, well written."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl import format_file as formatting
from otx.ottl.formatted import Formatted
from otx.ottl.formatter import format_statement
from otx.ottl.yaml_reading import load_yaml
from tests.ottl.trees import statements


def format_file(source: str, name: str) -> str:
    """The text alone, of a file of which nothing is left as it is."""
    done = formatting.format_file(source, name)
    assert done.left == []
    return done.text


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
    assert formatting.format_file(before, "x.ottl") == Formatted(
        before.replace("set( span.kind,2)", "set(span.kind, 2)"),
        [(1, "a comment stands between its lines")],
    )


def test_line_ends_stay_and_only_they_end_a_line() -> None:
    assert format_file("set( span.kind,2)\r\n", "x.ottl") == "set(span.kind, 2)\r\n"
    # Python takes U+2028 for a line's end; here it stands in a text.
    text = 'set( span.name, "a\N{LINE SEPARATOR}b")\n'
    assert format_file(text, "x.ottl") == 'set(span.name, "a\\u2028b")\n'


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_without_a_statement_stays_as_it_is(text: str) -> None:
    assert format_file(text, "x.ottl") == text


LONG = 'span.attributes["http.request.header.authorization"] == "something quite long"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '- set( span.name,"x")\n  where   span.kind==2  # why\n',
            '- set(span.name, "x") where span.kind == 2  # why\n',
        ),
        (
            f"# all\n- set( span.kind,2)\n   where {LONG}   and\n   span.kind==1\n",
            f"# all\n- set(span.kind, 2)\n   where {LONG}\n     and span.kind == 1\n",
        ),
        (
            f"- |  # head\n\n   set( span.kind,2)\n   where {LONG}   and span.kind==1\n\n# end\n",
            f"- |  # head\n\n   set(span.kind, 2)\n     where {LONG}\n"
            "       and span.kind == 1\n\n# end\n",
        ),
        (
            f"- >-\n   set( span.kind,2)\n   where {LONG}   and span.kind==1\n",
            f"- >-\n   set(span.kind, 2)\n   where {LONG}\n   and span.kind == 1\n",
        ),
        (
            "- 'set( span.name,\"it''s\")\n\n  where span.kind==2'  # why\n",
            "- 'set(span.name, \"it''s\") where span.kind == 2'  # why\n",
        ),
        (
            '- "set( span.name,\\"a\\\\n\\")\n  where span.kind==2"\n',
            '- "set(span.name, \\"a\\\\n\\") where span.kind == 2"\n',
        ),
        (
            '- set(span.attributes["a"],\n   {"b":1})\n',
            '- \'set(span.attributes["a"], {"b": 1})\'\n',
        ),
        (
            "- set( span.kind,\r\n   2)\r\n- set(span.kind,3)\r\n",
            "- set(span.kind, 2)\r\n- set(span.kind, 3)\r\n",
        ),
    ],
    ids=["plain", "long", "literal", "folded", "single", "double", "map", "crlf"],
)
def test_texts_of_several_lines_keep_their_style(before: str, after: str) -> None:
    assert format_file(before, "x.yaml") == after
    assert format_file(after, "x.yaml") == after


@pytest.mark.parametrize("style", [None, "'", '"', "|", ">"])
@given(st.lists(statements, min_size=1, max_size=3))
def test_formatting_yaml_changes_nothing_it_says(style: str | None, texts: list[str]) -> None:
    source = yaml.dump(texts, default_style=style, width=20, allow_unicode=True)
    once = formatting.format_file(source, "x.yaml").text
    found = load_yaml(once, "x.yaml").data
    assert [format_statement(one) for one in found] == [format_statement(one) for one in texts]
    assert formatting.format_file(once, "x.yaml").text == once


def test_what_cannot_keep_its_form_is_left_and_told() -> None:
    source = (
        "a: &one set( span.kind,2)\ntransform:\n  trace_statements: [*one, 'set( span.kind,3)']\n"
    )
    done = formatting.format_file(source, "x.yaml")
    assert done.text == source.replace("'set( span.kind,3)'", "'set(span.kind, 3)'")
    assert done.left == [(1, "its form in YAML cannot be kept")]


def test_an_alias_is_formatted_where_its_anchor_is() -> None:
    before = "- &one set( span.kind,2)\n- *one\n- !!str &x 'set( span.kind,4)'\n"
    assert format_file(before, "x.yaml") == before.replace("( ", "(").replace(",", ", ")


def test_a_block_with_its_indentation_named_keeps_it() -> None:
    before = "- |2\n    set( span.kind,2)\n- >2-\n    set( span.kind,3)\n"
    assert format_file(before, "x.yaml") == before.replace("( ", "(").replace(",", ", ")


def test_a_comment_between_the_lines_of_what_is_well_written_is_not_told() -> None:
    source = f"set(span.kind, 2)\n  where {LONG}\n# why\n    and span.kind == 1\n"
    assert format_file(source, "x.ottl") == source


def test_texts_of_several_lines_that_are_no_ottl_keep_every_byte() -> None:
    source = "transform:\n  trace_statements:\n    - set(span.kind, 2)\n  note: a  \n    b\n"
    assert format_file(source, "x.yaml") == source
