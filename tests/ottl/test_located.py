"""Where in a file a cursor stands."""

import pytest

from otx.ottl.located import Located, locate


def located(source: str, name: str = "x.yaml") -> Located | None:
    """Where `§` stands."""
    index = source.index("§")
    return locate(source.replace("§", "", 1), name, index)


def around(source: str, name: str = "x.yaml") -> tuple[str, str]:
    """The text before and behind the cursor."""
    found = located(source, name)
    assert found is not None
    assert found.slot is not None
    index = source.index("§")
    plain = source.replace("§", "", 1)
    # What stands before the cursor stands there in the file, letter by letter.
    for offset in range(found.offset):
        c = found.text[offset]
        assert plain[found.index(offset, index)] in (c, "\\", "'", "\n"), (offset, c)
    assert found.index(found.offset, index) == index
    return found.text[: found.offset], found.text[found.offset :]


@pytest.mark.parametrize(
    ("item", "before", "after"),
    [
        ("set(span.na§me, 1)", "set(span.na", "me, 1)"),
        ("'set(span.na§me, \"it''s\")'", "set(span.na", 'me, "it\'s")'),
        ("'set(span.name, \"it''s§\")'", "set(span.name, \"it's", '")'),
        ('"set(span.attributes[\\"a§\\"], 1)"', 'set(span.attributes["a', '"], 1)'),
        ("§", "", ""),
        ("set(span.name, §", "set(span.name, ", ""),
        ("'set(span.na§", "set(span.na", ""),
        ('"set(span.na§', "set(span.na", ""),
        ("'set(span.na§me: [", "set(span.na", ""),
    ],
)
def test_a_text_in_yaml_is_found_however_it_is_quoted(item: str, before: str, after: str) -> None:
    found = around(f"log_statements:\n  - {item}\n")
    assert found[0] == before.rstrip() or found[0] == before
    if after:
        assert found[1].startswith(after[:3])


def test_a_block_of_lines_is_found() -> None:
    source = """\
trace_statements:
  - |
    set(span.name,
      span.ki§nd)
"""
    assert around(source) == ("set(span.name,\n  span.ki", "nd)\n")


def test_what_is_broken_below_does_not_matter() -> None:
    source = "log_statements:\n  - 'set(log.bo§\n  - context: log\n    statements: [\n"
    assert around(source)[0] == "set(log.bo"


@pytest.mark.parametrize(
    "source",
    ["processors: {batch: {timeout: 1§s}}", "a: [\n\n  {: §", "tr§ace_statements: []", "# §\n"],
)
def test_elsewhere_nothing_is_known(source: str) -> None:
    assert located(source) is None


def test_a_file_with_the_mark_in_it_is_left_alone() -> None:
    assert locate("- set(\ue000", "x.yaml", 3) is None


def test_statements_of_a_plain_file_are_found() -> None:
    source = 'set(span.name, "a")\nset(span.kind,\n  1§)\n# \n'
    assert around(source, "x.ottl") == ("set(span.kind,\n  1", ")")
    found = located('set(datapoint.attributes["a"], 1)\n§', "x.ottl")
    assert found is not None
    assert found.slot is not None
    assert [one.name for one in found.slot.contexts] == ["exemplar", "datapoint"]


def test_a_setting_has_its_words() -> None:
    found = located("trace_statements:\n  - context: sp§\n")
    assert found is not None
    assert (found.text, found.slot) == ("sp", None)
    assert "spanevent" in found.choices


@pytest.mark.parametrize(
    ("style", "text", "written"),
    [
        ("'", "it's", "it''s"),
        ('"', 'a\\"b"]', 'a\\\\\\"b\\"]'),
        ("", "it's", "it's"),
    ],
)
def test_a_piece_is_written_as_the_yaml_quotes_it(style: str, text: str, written: str) -> None:
    assert Located("", 0, (), style).written(text) == written
