"""Attributes whose entries stay bytes: they behave as a plain list of entries would."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.otlp.any_value import encode_any, encode_key_value, key_of, value_of, varint
from otx.ottl.attributes import AttributeMap, WireAttributes

KEYS = ["a", "b", "é", "", "k" * 127, "k" * 128, "long" * 100, "broken\udcff"]
KEY = st.sampled_from(KEYS)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["", "text", "x" * 126, "x" * 127, "x" * 128, "x" * 300, "\udcfe", "é€\U0001f600" * 14]
    ),
    st.binary(max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)),
    max_leaves=6,
)


def value_first(key: str, value: Any) -> bytes:
    """An entry as the Collector writes it: fields from the last to the first."""
    content, name = encode_any(value), key.encode("utf-8", "surrogateescape")
    return b"\x12" + varint(len(content)) + content + b"\x0a" + varint(len(name)) + name


ENTRIES = st.lists(
    st.tuples(KEY, VALUES, st.sampled_from([encode_key_value, value_first])),
    max_size=8,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("get"), KEY),
        st.tuples(st.just("set"), KEY, VALUES),
        st.tuples(st.just("delete"), KEY),
        st.tuples(st.just("keep"), st.sets(KEY)),
        st.tuples(st.just("adopt"), ENTRIES, st.sets(KEY), st.booleans(), st.booleans()),
        st.tuples(st.just("longer"), st.sampled_from([0, 4, 126, 299, 300])),
        st.tuples(st.just("clear")),
        st.tuples(st.just("replace"), st.dictionaries(KEY, VALUES, max_size=3)),
    ),
    max_size=8,
)


class Model:
    """A plain list of entries, of which the first with a key counts."""

    def __init__(self, entries: list[tuple[str, Any]]) -> None:
        self.entries = entries

    def first(self, key: str) -> int | None:
        """Where the entry that counts is."""
        return next((at for at, (name, _) in enumerate(self.entries) if name == key), None)

    def set(self, key: str, value: Any) -> None:
        """Change the first entry with a key, or add one."""
        at = self.first(key)
        if at is None:
            self.entries.append((key, value))
        else:
            self.entries[at] = (key, value)

    def visible(self) -> dict[str, Any]:
        """What a reader sees."""
        return dict(reversed(self.entries))


Entries: TypeAlias = list[tuple[str, Any, Any]]
"""Keys, values, and what makes bytes of the two."""


def over_bytes(entries: Entries) -> AttributeMap:
    return WireAttributes([encode(key, value) for key, value, encode in entries])


def apply(
    step: tuple[Any, ...],
    attributes: AttributeMap,
    model: Model,
    opened: Callable[[Entries], AttributeMap] = over_bytes,
) -> None:
    """One step, on both."""
    match step:
        case ("get", key):
            at = model.first(key)
            assert (key in attributes) is (at is not None)
            assert attributes.get(key, "none") == ("none" if at is None else model.entries[at][1])
        case ("set", key, value):
            attributes[key] = value
            model.set(key, value)
        case ("delete", key):
            at = model.first(key)
            if at is None:
                with pytest.raises(KeyError):
                    del attributes[key]
            else:
                del attributes[key]
                del model.entries[at]
        case ("keep", keys):
            attributes.keep(keys)
            model.entries = [one for one in model.entries if one[0] in keys]
        case ("adopt", entries, changed, new, present):
            added = opened(entries)
            for key in changed & added.keys():
                added.touch(key)
            attributes.adopt(added, new=new, present=present)
            for key, value in added.items():
                if present if model.first(key) is not None else new:
                    model.set(key, value)
        case ("longer", limit):
            texts = {key: one for key, one in model.visible().items() if type(one) is str}
            assert dict(attributes.texts_longer_than(limit)) == {
                key: text
                for key, text in texts.items()
                if len(text.encode("utf-8", "surrogateescape")) > limit
            }
        case ("clear",):
            attributes.clear()
            model.entries = []
        case ("replace", content):
            attributes.replace(dict(content))
            model.entries = list(content.items())


@given(ENTRIES, STEPS)
def test_reads_and_writes_as_a_list_of_entries_would(
    entries: Entries, steps: list[tuple[Any, ...]]
) -> None:
    field = [encode(key, value) for key, value, encode in entries]
    attributes, model = WireAttributes(field), Model([(key, value) for key, value, _ in entries])
    for step in steps:
        apply(step, attributes, model)
        assert len(attributes) == len(model.visible())
    assert dict(attributes.items()) == model.visible()
    attributes.flush()
    left = [(key_of(data), value_of(data)) for data in field]
    assert sorted(left, key=repr) == sorted(model.entries, key=repr)
    assert dict(WireAttributes(field)) == model.visible()


@given(ENTRIES)
def test_what_is_only_read_is_not_written(entries: Entries) -> None:
    field = [encode(key, value) for key, value, encode in entries]
    before = list(field)
    attributes = WireAttributes(field)
    dict(attributes)
    attributes.flush()
    assert field == before


UNKNOWN_FIELD = b"\x98\x06\x01"


@pytest.mark.parametrize(
    ("data", "key", "value"),
    [
        (b"", "", None),
        (b"\x0a\x01k", "k", None),
        (b"\x0a\x00", "", None),
        (b"\x12\x00", "", None),
        (b"\x12\x02\x18\x07", "", 7),
        (b"\x12\x02\x18\x07\x0a\x00", "", 7),
        (b"\x12\x02\x18\x07\x0a\x01k" + UNKNOWN_FIELD, "k", 7),
        (b"\x12\x02\x18\x07" + UNKNOWN_FIELD + b"\x0a\x01k", "k", 7),
        (b"\x0a\x01k\x12\x02\x18\x07" + UNKNOWN_FIELD, "k", 7),
        (UNKNOWN_FIELD + b"\x0a\x01k\x12\x02\x18\x07", "k", 7),
    ],
)
def test_fields_that_are_missing_or_unknown(data: bytes, key: str, value: Any) -> None:
    for _ in range(2):  # the second time the key is known
        assert dict(WireAttributes([data])) == {key: value}


def test_what_was_not_changed_is_written_byte_for_byte() -> None:
    odd = b"\x0a\x01k\x12\x02\x18\x07" + UNKNOWN_FIELD
    field = [odd, encode_key_value("other", 1)]
    attributes = WireAttributes(field)
    attributes["other"] = 2
    attributes.flush()
    assert field == [odd, encode_key_value("other", 2)]


def test_removing_decodes_nothing() -> None:
    malformed = b"\x0a\x01k\x12\x02\x0a\x09"
    attributes = WireAttributes([malformed, encode_key_value("other", 1)])
    del attributes["k"]
    attributes.keep({"other"})
    assert dict(attributes) == {"other": 1}


def test_a_value_that_was_changed_in_place_has_to_be_announced() -> None:
    field = [encode_key_value("m", {"a": 1})]
    attributes = WireAttributes(field)
    attributes["m"]["a"] = 2
    attributes.touch("m")
    attributes.flush()
    assert value_of(field[0]) == {"a": 2}


def test_keys_that_only_begin_alike() -> None:
    field = [
        encode_key_value("k" * size, size) for size in (1, 126, 127, 128, 129, 255, 256, 20000)
    ]
    assert list(WireAttributes(field).values()) == [1, 126, 127, 128, 129, 255, 256, 20000]
    field = [value_first("k" * size, size) for size in (1, 126, 127, 128, 129, 255, 256, 20000)]
    assert [len(key) for key in WireAttributes(field)] == [1, 126, 127, 128, 129, 255, 256, 20000]
