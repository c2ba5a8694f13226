"""speedscope's form: JSON with one table of frames and profiles that are lists of stacks.

What is read may be sampled (stacks with weights) or evented (frames opened and closed); what is
written is sampled, a profile for each value type (speedscope.app/file-format-schema.json). Other
programs write a profile for each thread, whose name becomes the root. A kernel's frame is named as
in folded stacks, so that it can be told.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otx import __version__
from otx.model.frame_names import base_name, frame_of_label
from otx.model.profile import SAMPLES, Profile, StackSample, ValueType
from otx.model.stack import Frame, Stack
from otx.model.units import NS_PER_S
from otx.profile.formats.reading import (
    MAX_SAMPLES,
    Frames,
    Warn,
    bad_profile,
    is_python,
    valid_text,
    whole_value,
)

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
_NS_OF_UNIT = {
    "nanoseconds": 1,
    "microseconds": 1_000,
    "milliseconds": 1_000_000,
    "seconds": NS_PER_S,
}
_TIME, _SPACE = ValueType("time", "nanoseconds"), ValueType("space", "bytes")
_UNITS = frozenset((*_NS_OF_UNIT, "bytes"))
_OBJECT_ENDINGS = (".so", ".dylib", ".dll", ".exe")


def write_speedscope(profile: Profile) -> str:
    """The document; the shown type is the profile it opens with."""
    index: dict[Frame, int] = {}
    for sample in profile.samples:
        for frame in sample.stack:
            index.setdefault(frame, len(index))
    stacks = [[index[frame] for frame in sample.stack] for sample in profile.samples]
    document = {
        "$schema": SCHEMA,
        "name": str(profile.shown_type),
        "exporter": f"otx@{__version__}",
        "activeProfileIndex": profile.shown,
        "shared": {"frames": [_frame_document(frame) for frame in index]},
        "profiles": [
            _profile_document(profile, number, stacks) for number in range(len(profile.value_types))
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _profile_document(
    profile: Profile, number: int, stacks: Sequence[list[int]]
) -> dict[str, object]:
    kind = profile.value_types[number]
    weights = [sample.values[number] for sample in profile.samples]
    return {
        "type": "sampled",
        "name": str(kind),
        "unit": kind.unit if kind.unit in _UNITS else "none",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": stacks,
        "weights": weights,
    }


def _frame_document(frame: Frame) -> dict[str, str | int]:
    name = f"{frame.name}_[k]" if frame.kind == "kernel" else frame.name
    document: dict[str, str | int] = {"name": name}
    if file := frame.file or frame.module:
        document["file"] = file
    if frame.line:
        document["line"] = frame.line
    return document


def read_speedscope(document: Mapping[str, Any], place: str, warn: Warn) -> Profile:
    """A profile of a parsed document.

    Raises:
        UsageError: It breaks the schema; the place in it is named.
    """
    reader = _Reader(document, place)
    try:
        profile = reader.read()
    except (TypeError, KeyError, AttributeError, IndexError, ValueError) as error:
        what = f"{reader.at} is not as speedscope's schema has it: {_why(error)}"
        raise bad_profile(place, what) from None
    if reader.fractions:
        warn(f"{place}: {reader.fractions} weights have a fraction and are rounded")
    return profile


def _why(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


class _Reader:
    """Reads one document.

    Attributes:
        at: Where in the document it is.
        fractions: Weights that were rounded.
    """

    def __init__(self, document: Mapping[str, Any], place: str) -> None:
        self.at = "shared.frames"
        self.fractions = 0
        self._document = document
        self._frames = Frames(place)
        self._table: list[Frame] = []

    def read(self) -> Profile:
        self._table = [_frame(frame) for frame in self._document["shared"]["frames"]]
        self.at = "profiles"
        profiles = self._document["profiles"]
        is_own = str(self._document.get("exporter", "")).startswith("otx@")
        kinds = [_kind_of(profile, is_own) for profile in profiles]
        types = tuple(dict.fromkeys(kinds)) or (SAMPLES,)
        rows = [list(self._weighted(index, profile)) for index, profile in enumerate(profiles)]
        shown = self._document.get("activeProfileIndex")
        is_there = is_own and isinstance(shown, int) and 0 <= shown < len(kinds)
        return Profile(
            types,
            _side_by_side(rows) if is_own else self._one_after_another(rows, kinds, types),
            shown=types.index(kinds[shown]) if is_there and shown is not None else 0,
        )

    def _one_after_another(
        self,
        rows: Sequence[Sequence[tuple[Stack, int]]],
        kinds: Sequence[ValueType],
        types: Sequence[ValueType],
    ) -> list[StackSample]:
        """The samples of several threads, each under its thread where there is more than one."""
        samples = []
        for index, found in enumerate(rows):
            root: Stack = ()
            if len(rows) > 1:
                root = (Frame(valid_text(self._document["profiles"][index]["name"]), "thread"),)
            place = types.index(kinds[index])
            zeros = (0,) * place, (0,) * (len(types) - place - 1)
            samples += [
                StackSample(root + stack, (*zeros[0], value, *zeros[1])) for stack, value in found
            ]
        return samples

    def _weighted(self, index: int, profile: Mapping[str, Any]) -> Iterator[tuple[Stack, int]]:
        """Stacks and whole weights of a profile, in nanoseconds where its unit is a time."""
        self.at = f"profiles[{index}]"
        scale = _NS_OF_UNIT.get(profile["unit"], 1)
        found = self._evented(profile) if profile["type"] == "evented" else self._sampled(profile)
        for number, (stack, weight) in enumerate(found):
            if number >= MAX_SAMPLES:
                raise ValueError(f"it has more than {MAX_SAMPLES} samples")
            value = whole_value(weight * scale)
            if value is None:
                raise ValueError(f"the weight {weight} is too large")
            self.fractions += scale == 1 and value != weight
            yield stack, value

    def _sampled(self, profile: Mapping[str, Any]) -> Iterator[tuple[Stack, int | float]]:
        samples = profile["samples"]
        weights = profile.get("weights", [1] * len(samples))
        if len(weights) != len(samples):
            raise ValueError(f"{len(samples)} samples have {len(weights)} weights")
        known: dict[tuple[int, ...], Stack] = {}
        for indices, weight in zip(map(tuple, samples), weights, strict=True):
            stack = known.get(indices)
            if stack is None:
                self._frames.spend(len(indices))
                stack = known[indices] = tuple(map(self._at, indices))
            yield stack, _number(weight)

    def _evented(self, profile: Mapping[str, Any]) -> Iterator[tuple[Stack, int | float]]:
        opened: list[Frame] = []
        last = _number(profile["startValue"])
        ending = {"type": "", "at": profile["endValue"], "frame": 0}
        for number, event in enumerate((*profile["events"], ending)):
            self.at = f"{self.at.partition('.')[0]}.events[{number}]"
            at = _number(event["at"])
            if at < last:
                raise ValueError(f"time goes back from {last} to {at}")
            if at > last and opened:
                self._frames.spend(len(opened))
                yield tuple(opened), at - last
            last = at
            if event["type"] == "O":
                opened.append(self._at(event["frame"]))
            elif event["type"] == "C" and (not opened or opened.pop() != self._at(event["frame"])):
                raise ValueError(f"frame {event['frame']} is closed, which is not the innermost")

    def _at(self, index: object) -> Frame:
        if not isinstance(index, int) or not 0 <= index < len(self._table):
            raise ValueError(f"no frame {index} in a table of {len(self._table)}")
        return self._table[index]


def _side_by_side(rows: Sequence[Sequence[tuple[Stack, int]]]) -> list[StackSample]:
    """The samples of several types of one profile, as `write_speedscope` writes them."""
    if len({len(found) for found in rows}) > 1:
        raise ValueError("its profiles have different counts of samples")
    return [
        StackSample(together[0][0], tuple(value for _, value in together))
        for together in zip(*rows, strict=True)
    ]


def _kind_of(profile: Mapping[str, Any], is_own: bool) -> ValueType:
    unit = profile["unit"]
    if is_own:
        name, _, unit = profile["name"].rpartition("/")
        return ValueType(name, unit)
    if unit in _NS_OF_UNIT:
        return _TIME
    return _SPACE if unit == "bytes" else SAMPLES


def _frame(document: Mapping[str, Any]) -> Frame:
    """A frame of the table; a file is the mapped object where it is named like one."""
    name, file = valid_text(document["name"]), document.get("file") or ""
    line = document.get("line")
    named = frame_of_label(name)
    file = valid_text(file) if isinstance(file, str) else ""
    line = line if isinstance(line, int) and 0 < line < 1 << 31 else 0
    base = base_name(file)
    if named.kind == "kernel":
        return Frame(named.name, "kernel", module=base or "kernel")
    if is_python(file):
        return Frame(name, "python", file, line, base)
    if named.kind == "python":
        return named
    if any(ending in base for ending in _OBJECT_ENDINGS) or "." not in base:
        return Frame(name, "native", module=base)
    return Frame(name, "native", file, line)


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{str(value)[:40]!r} is no number")
    return value
