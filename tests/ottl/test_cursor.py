"""Where a cursor stands in a text that is being typed."""

import pytest

from otx.ottl.cursor import Cursor, PathBefore, cursor_at


def at_end(text: str) -> Cursor:
    return cursor_at(text, len(text))


@pytest.mark.parametrize(
    ("text", "what", "typed"),
    [
        ("", "word", ""),
        ("se", "word", "se"),
        ("set(", "word", ""),
        ("set(span.", "section", ""),
        ("set(span.na", "section", "na"),
        ('attributes["ht', "key", "ht"),
        ('attributes["', "key", ""),
        ('hash(body, "sh', "text", "sh"),
        ('["a', "text", "a"),
        ("set(a, 12", "nothing", "12"),
        ("a == 0x1f", "nothing", "0x1f"),
    ],
)
def test_it_knows_what_is_being_typed(text: str, what: str, typed: str) -> None:
    cursor = at_end(text)
    assert (cursor.what, cursor.typed) == (what, typed)
    assert text[cursor.start :] == typed


def test_only_what_is_before_it_counts() -> None:
    cursor = cursor_at("set(span.name, 1)", len("set(span.na"))
    assert (cursor.what, cursor.typed) == ("section", "na")


@pytest.mark.parametrize(
    ("text", "names", "keys"),
    [
        ("span.status.", ("span", "status"), ()),
        ('resource.attributes["', ("resource", "attributes"), ()),
        ('attributes["a"]["', ("attributes",), ("a",)),
        (r'attributes["a\"b"]["', ("attributes",), ('a"b',)),
        ('attributes[name]["', ("attributes",), (None,)),
        ('attributes[Concat(["a"], "b")]["c"]["', ("attributes",), (None, "c")),
    ],
)
def test_it_knows_the_path_that_is_continued(
    text: str, names: tuple[str, ...], keys: tuple[str | None, ...]
) -> None:
    assert at_end(text).path == PathBefore(names, keys)


def test_it_knows_the_call_and_which_argument_it_is_in() -> None:
    inner = at_end("set(span.name, Concat([a, b], ").innermost
    assert inner is not None
    assert (inner.call, inner.position) == ("Concat", 1)
    outer = at_end("set(span.name, Concat([a, b], ").opened[0]
    assert (outer.call, outer.position) == ("set", 1)
    assert outer.target == PathBefore(("span", "name"))


def test_it_knows_the_arguments_that_were_named() -> None:
    inner = at_end("replace_pattern(target = a, regex = ").innermost
    assert inner is not None
    assert (inner.named, inner.argument) == (["target", "regex"], "regex")


def test_a_comma_in_an_inner_bracket_belongs_to_it() -> None:
    inner = at_end("set(a[Index(b, 1)], ").innermost
    assert inner is not None
    assert (inner.call, inner.position) == ("set", 1)


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("a ", True),
        ("set(a, 1) ", True),
        ('"x" ', True),
        ("nil ", True),
        ("", False),
        ("a == ", False),
        ("not ", False),
        ("set(a, ", False),
    ],
)
def test_it_knows_whether_only_an_operator_can_follow(text: str, follows: bool) -> None:
    assert at_end(text).follows_value is follows


def test_it_knows_the_other_side_of_a_comparison() -> None:
    assert at_end("set(a, 1) where span.kind == SP").compared == PathBefore(("span", "kind"))
    assert at_end("1 == ").compared == PathBefore()


def test_it_knows_whether_the_condition_has_begun() -> None:
    assert at_end("set(a, 1) where b").has_where
    assert not at_end('set(a, "where ").').has_where


@pytest.mark.parametrize("text", [")", "]]", ", =", "a.]", ".", '["a"]]', "=", "(,)", "}{"])
def test_nonsense_is_no_fault(text: str) -> None:
    at_end(text)
