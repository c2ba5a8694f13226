"""What a word of a statement means."""

import pytest

from otx.ottl.completion import Surroundings
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.lookup import Meaning, look_up

TRACES = [CONTEXTS[name] for name in ("spanevent", "span", "scope", "resource")]
TEXT = 'set(span.attributes["Len"], Len(span.name)) where span.kind == SPAN_KIND_SERVER'


def meaning(text: str, word: str, own: str = "") -> Meaning | None:
    contexts = [CONTEXTS[own]] if own else TRACES
    given = Surroundings("statement", contexts, CONTEXTS[own] if own else None, FunctionSet())
    return look_up(text, text.index(word) + 1, given)


@pytest.mark.parametrize(
    ("word", "title", "about"),
    [
        ("set", "set(target, value)", "- `target`: path"),
        ("Len(", "Len(target) → int", "How many"),
        ("span.", "span", "the context span"),
        ("attributes", "span.attributes: map", "keys stand in brackets"),
        ("name", "span.name: string", "path of span"),
        ("kind", "span.kind: int", "with .string"),
        ("SPAN_KIND_SERVER", "SPAN_KIND_SERVER = 2", "enum of span"),
    ],
)
def test_each_word_is_what_it_is(word: str, title: str, about: str) -> None:
    found = meaning(TEXT, word)
    assert found is not None
    assert found.title == title
    assert about in found.about
    assert TEXT[found.place.start : found.place.end] == word.rstrip("(.")


@pytest.mark.parametrize("word", ['"Len"', "== "])
def test_what_is_no_word_means_nothing(word: str) -> None:
    assert meaning(TEXT, word) is None


@pytest.mark.parametrize("text", ["set(nothing, 1)", "set(span.nothing, 1)", "nothing(1)"])
def test_what_nobody_knows_means_nothing(text: str) -> None:
    assert meaning(text, "nothing") is None
    assert meaning(text.upper(), "NOTHING") is None


def test_a_path_of_a_fixed_context_needs_no_prefix() -> None:
    found = meaning("set(event_index, 1)", "event_index", "spanevent")
    assert found is not None
    assert (found.title, found.about) == ("event_index: int", "path of spanevent")


def test_what_cannot_be_written_is_told() -> None:
    found = meaning("set(otelcol.client.addr, 1)", "addr")
    assert found is not None
    assert "read-only" in found.about
    group = meaning("set(otelcol.client.addr, 1)", "client")
    assert group is not None
    assert "no value by itself; with .addr" in group.about


def test_a_function_is_known_by_its_bare_name() -> None:
    found = meaning('replace_pattern(span.name, "a", "b", SHA256)', "SHA256")
    assert found is not None
    assert found.title == "SHA256(target) → string"
