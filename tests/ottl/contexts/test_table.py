"""The contexts as a whole."""

import pytest

from otx.ottl.batch import WALKS
from otx.ottl.contexts.accessor import Accessor
from otx.ottl.contexts.table import CONTEXTS, PROCESSOR_CONTEXTS


def test_every_context_can_be_walked() -> None:
    assert CONTEXTS.keys() == WALKS.keys() == PROCESSOR_CONTEXTS.keys()


def test_the_most_specific_comes_first() -> None:
    order = list(CONTEXTS)
    for context in CONTEXTS.values():
        for parent, _ in context.parents.values():
            if parent.name in CONTEXTS:
                assert order.index(context.name) < order.index(parent.name)


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_has_a_cache_and_a_request(name: str) -> None:
    context = CONTEXTS[name]
    assert "cache" in context.paths
    assert context.names()[0] == name
    assert "otelcol" in context.names()
    # A parent's cache is not its child's.
    assert context.find("otelcol", "cache") is None


@pytest.mark.parametrize("name", CONTEXTS)
def test_what_is_above_is_found_by_every_name(name: str) -> None:
    context = CONTEXTS[name]
    for parent, _ in context.parents.values():
        for alias in (parent.name, *parent.aliases):
            for section in parent.paths.keys() - {"cache"}:
                assert isinstance(context.find(alias, section), Accessor)
    assert context.find("spam", "name") is None


def test_sections_and_types_are_named() -> None:
    for context in CONTEXTS.values():
        for accessor in context.paths.values():
            assert accessor.type
            assert all(section.type for section in accessor.sections.values())
