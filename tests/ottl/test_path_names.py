"""The names that paths can have."""

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.path_names import PathNames

TRACES = [CONTEXTS[name] for name in ("spanevent", "span", "scope", "resource")]


def names(*words: str, own: str = "") -> PathNames:
    context = CONTEXTS[own] if own else None
    return PathNames([context] if context else TRACES, context, words)


@pytest.mark.parametrize(
    ("words", "running"),
    [
        ((), ["spanevent", "span", "scope", "resource"]),
        (("resource",), ["spanevent", "span", "scope", "resource"]),
        (("span", "resource"), ["spanevent", "span"]),
        (("spanevent", "nothing"), ["spanevent"]),
    ],
)
def test_contexts_are_narrowed_by_what_is_named(words: tuple[str, ...], running: list[str]) -> None:
    assert [one.name for one in names(*words).running] == running


def test_contexts_above_can_be_named() -> None:
    found = [one.name for one in names("spanevent").contexts()]
    assert found == ["spanevent", "span", "scope", "resource", "otelcol"]


@pytest.mark.parametrize(
    ("path", "own", "split"),
    [
        (("span", "name"), "", ("span", ("name",))),
        (("instrumentation_scope", "name"), "", ("scope", ("name",))),
        (("span",), "", ("span", ())),
        (("name",), "", ("", ())),
        (("name",), "span", ("span", ("name",))),
        (("resource", "attributes"), "span", ("resource", ("attributes",))),
    ],
)
def test_a_path_is_split_into_its_context_and_sections(
    path: tuple[str, ...], own: str, split: tuple[str, tuple[str, ...]]
) -> None:
    assert names(own=own).split(path) == split


def test_sections_are_found_below_a_path() -> None:
    found = names("spanevent")
    assert "attributes" in found.below(("spanevent",))
    assert "cache" in found.below(("spanevent",))
    assert "cache" not in found.below(("span",))
    assert set(found.below(("span", "status"))) == {"code", "message"}
    assert found.below(("span", "nothing")) == {}
    assert found.below(()) == {}


def test_a_path_has_an_accessor_or_none() -> None:
    found = names()
    status = found.find(("span", "status", "code"))
    assert status is not None
    assert status.type == "int"
    assert found.find(("span", "status", "nothing")) is None
    assert found.find(("span",)) is None
    assert found.find(("nothing", "name")) is None
