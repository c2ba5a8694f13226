"""A profile out of the pictures that otx draws: HTML and SVG carry the data that they show.

It is found by its bytes and not by a parser of markup, which hostile files keep busy.
"""

import binascii
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from otx.errors import UsageError
from otx.flame.picture_data_read import tree_of
from otx.flame.picture_stacks import tree_stacks
from otx.flame.picture_tree import PictureTree
from otx.model.profile import SAMPLES, Profile, StackSample, ValueType
from otx.otlp.json_text import parse_text, shown_value
from otx.profile.formats.folded import AFTER, BEFORE
from otx.profile.formats.head import profile_of, type_of
from otx.profile.formats.reading import (
    MAX_SAMPLES,
    Frames,
    bad_profile,
    no_whole_stacks,
    whole_value,
)

MAX_DATA_BYTES = 64 << 20
"""Of the data without its compression: parsed it takes several times that."""
_BEGIN = b' id="data">'
_WHAT = {"html": "an HTML page", "svg": "an SVG picture"}
_HINT = "otx opens the pages and pictures that otx flame and otx profile write"


def read_picture(data: bytes, form: str, place: str) -> Profile:
    """The profile that a picture shows, of two profiles a value before and one after.

    Args:
        data: The file.
        form: `html` or `svg`.
        place: What errors call it.

    Raises:
        UsageError: It is not otx's, shows no whole stacks, or its data is not as otx writes it.
    """
    document = _document(data, _WHAT[form], place)
    trees = document.get("trees")
    if not isinstance(trees, list):
        raise _broken(place, "trees is no list")
    if len(trees) != 1:
        raise no_whole_stacks(place)
    try:
        return _profile(document, tree_of(trees[0], "trees[0]"), place)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise _broken(place, why) from None


def _document(data: bytes, what: str, place: str) -> Mapping[str, Any]:
    start = data.find(_BEGIN) + len(_BEGIN)
    if start < len(_BEGIN):
        raise bad_profile(place, f"is {what} without data of otx", _HINT)
    end = data.find(b"<", start)
    if end < 0:
        raise bad_profile(place, f"is {what} that is cut off")
    text = b"".join(data[start:end].split()).strip(b'"')
    try:
        document = parse_text(_inflated(b64decode(text, validate=True)))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _broken(place, str(error)) from None
    if not isinstance(document, Mapping):
        raise _broken(place, f"it is {shown_value(document)}")
    return document


def _inflated(packed: bytes) -> bytes:
    """Bytes without their compression: some kilobytes of it can stand for all of memory."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, MAX_DATA_BYTES + 1)
    if len(data) > MAX_DATA_BYTES:
        raise ValueError(f"it is larger than {MAX_DATA_BYTES >> 20} MiB")
    if not unpacker.eof:
        raise ValueError("it ends too early")
    return data


def _broken(place: str, why: str) -> UsageError:
    return bad_profile(place, f"its data is not as otx writes it: {why}")


def _profile(document: Mapping[str, Any], tree: PictureTree, place: str) -> Profile:
    head = document.get("profile") or {}
    types = _types(document, head, is_comparison=bool(tree.before))
    samples = []
    for stack, value, before in tree_stacks(tree, Frames(place).spend):
        values = (before, value) if tree.before else (value,)
        samples.append(StackSample(stack, tuple(map(_whole, values))))
        if len(samples) > MAX_SAMPLES:
            raise bad_profile(place, f"it has more than {MAX_SAMPLES} stacks")
    return profile_of({**head, "shown": len(types) - 1}, types, samples)


def _types(
    document: Mapping[str, Any], head: Mapping[str, Any], *, is_comparison: bool
) -> tuple[ValueType, ...]:
    """What the values are: a comparison says the unit alone, as every page once did."""
    if not is_comparison and head:
        types = tuple(map(type_of, head["value_types"]))
        if len(types) != 1:
            raise ValueError(f"value_types has {len(types)} entries")
        return types
    unit = document.get("unit")
    if not isinstance(unit, str):
        raise TypeError("unit is no text")
    if is_comparison:
        return ValueType(BEFORE.name, unit), ValueType(AFTER.name, unit)
    return (SAMPLES if unit == SAMPLES.unit else ValueType("value", unit),)


def _whole(value: float) -> int:
    whole = whole_value(value)
    if whole is None:
        raise ValueError(f"a stack's value is too large: {value:g}")
    return whole
