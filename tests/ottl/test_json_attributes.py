"""Attributes over JSON behave as a plain list of entries would, as those over bytes do."""

from typing import Any

from hypothesis import given

from otx.model.signal import Signal
from otx.otlp.json_values import entry_of, key_of_entry, value_of_entry
from otx.otlp.json_view import json_view
from otx.ottl.json_attributes import JsonAttributes
from tests.ottl.test_attributes import ENTRIES, STEPS, Entries, Model, apply


def span_with(entries: list[dict[str, Any]]) -> Any:
    group: Any = json_view(Signal.TRACES)().resource_spans.add()  # type: ignore[attr-defined]
    span = group.scope_spans.add().spans.add()
    span.put_entries("attributes", entries)
    return span


def over_json(entries: Entries) -> JsonAttributes:
    made = [entry_of(key, value) for key, value, _ in entries]
    return JsonAttributes(span_with(made), "attributes")


@given(ENTRIES, STEPS)
def test_reads_and_writes_as_a_list_of_entries_would(
    entries: Entries, steps: list[tuple[Any, ...]]
) -> None:
    span = span_with([entry_of(key, value) for key, value, _ in entries])
    attributes = JsonAttributes(span, "attributes")
    model = Model([(key, value) for key, value, _ in entries])
    for step in steps:
        apply(step, attributes, model, over_json)
        assert len(attributes) == len(model.visible())
    assert dict(attributes.items()) == model.visible()
    attributes.flush()
    left = [(key_of_entry(one), value_of_entry(one)) for one in span.entries("attributes")]
    assert sorted(left, key=repr) == sorted(model.entries, key=repr)
    assert ("attributes" in span.fields) is bool(model.entries)


def test_what_was_not_changed_is_the_object_that_was_read() -> None:
    entry = entry_of("a", 1)
    span = span_with([entry, entry_of("b", 2)])
    attributes = JsonAttributes(span, "attributes")
    attributes["b"] = "x"
    attributes.flush()
    assert span.entries("attributes")[0] is entry
    assert span.entries("attributes")[1] == entry_of("b", "x")


def test_an_entry_without_a_value_is_empty() -> None:
    attributes = JsonAttributes(span_with([{"key": "a"}, entry_of("b", "text")]), "attributes")
    assert dict(attributes) == {"a": None, "b": "text"}
    assert attributes.texts_longer_than(3) == [("b", "text")]
