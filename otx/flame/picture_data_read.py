"""The tree out of a picture's data, which anybody may have written: everything in it is checked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from otx.flame.picture_data import told_frame
from otx.flame.picture_tree import Name, PictureTree
from otx.model.stack import Frame, FrameKind
from otx.otlp.json_text import shown_value

_KINDS = frozenset(get_args(FrameKind))
_MOST = 1e30
"""More than the values of any profile sum up to."""
_MOST_LINES = 1 << 31


def tree_of(document: object, place: str) -> PictureTree:
    """The tree of a parsed document.

    Args:
        document: As `tree_document` makes it; rows of names may have no more than a label, a kind
            and where.
        place: What errors call it.

    Raises:
        ValueError: It is not so; the message names the place.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"{place} is no tree")
    names, depths, at, values = (
        _list(document, field, place) for field in ("names", "depths", "at", "values")
    )
    before = _list(document, "before", place) if document.get("before") else []
    for field, column in (("at", at), ("values", values), ("before", before or values)):
        if len(column) != len(depths):
            raise ValueError(f"{place}.{field} has {len(column)} entries for {len(depths)} nodes")
    _check_depths(depths, f"{place}.depths")
    _check_names(at, len(names), f"{place}.at")
    _check_values(values, f"{place}.values")
    _check_values(before, f"{place}.before")
    rows = [_name(row, f"{place}.names[{number}]") for number, row in enumerate(names)]
    return PictureTree(rows, depths, at, values, before)


def _list(document: Mapping[str, Any], field: str, place: str) -> list[Any]:
    found = document.get(field)
    if not isinstance(found, list):
        raise ValueError(f"{place}.{field} is no list")
    return found


def _check_depths(depths: Sequence[object], place: str) -> None:
    """The root first and alone; each other node below one before it."""
    if not depths:
        raise ValueError(f"{place} has no root")
    least, most = 0, 0
    for node, depth in enumerate(depths):
        if type(depth) is not int or not least <= depth <= most:
            raise ValueError(f"{place}[{node}] is no depth there: {shown_value(depth)}")
        least, most = 1, depth + 1


def _check_names(at: Sequence[object], names: int, place: str) -> None:
    for node, number in enumerate(at):
        if type(number) is not int or not 0 <= number < names:
            raise ValueError(f"{place}[{node}] is none of {names} names: {shown_value(number)}")


def _check_values(values: Sequence[object], place: str) -> None:
    for node, value in enumerate(values):
        if type(value) not in (int, float) or not -_MOST < cast(float, value) < _MOST:
            raise ValueError(f"{place}[{node}] is no value: {shown_value(value)}")


def _name(row: object, place: str) -> Name:
    if not isinstance(row, list) or len(row) not in (3, 4):
        raise ValueError(f"{place} is no name: {shown_value(row)}")
    label, kind, where = (_text(entry, place) for entry in row[:3])
    if kind not in _KINDS:
        raise ValueError(f"{place}: no kind of frame {shown_value(kind)}")
    frame = told_frame(label, cast(FrameKind, kind), where)
    return Name(label, frame.kind, where, _told_more(frame, row[3], place) if row[3:] else frame)


def _told_more(frame: Frame, more: object, place: str) -> Frame:
    if not isinstance(more, Mapping):
        raise ValueError(f"{place} is no name: {shown_value(more)}")
    line = more.get("line", frame.line)
    if type(line) is not int or not 0 <= line < _MOST_LINES:
        raise ValueError(f"{place}.line is no line: {shown_value(line)}")
    name, file, module = (
        _text(more.get(field, getattr(frame, field)), f"{place}.{field}")
        for field in ("name", "file", "module")
    )
    return replace(frame, name=name, file=file, line=line, module=module)


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{place} is no text: {shown_value(value)}")
    return value
