"""A profile as one JSON document: every stack frame by frame, one a line, and the stats.

`count` of a stack is its value of the type that is shown; where there are several types `values`
has all of them, in the order of `value_types`. A difference is read as well: it has both values.
"""

import json
from collections.abc import Mapping
from typing import Any, cast, get_args

from otx.model.frame_names import frame_document
from otx.model.profile import SAMPLES, Label, Profile, StackSample
from otx.model.stack import Frame, FrameKind
from otx.profile.formats.folded import AFTER, BEFORE
from otx.profile.formats.head import head_document, profile_of, text_of, type_of, whole_of
from otx.profile.formats.reading import Frames, Warn, bad_profile
from otx.profile.formats.stats import stats_document

_KINDS = frozenset(get_args(FrameKind))


def write_json(profile: Profile) -> str:
    """The document; the heaviest stack is first."""
    shown = profile.shown
    ranked = sorted(profile.samples, key=lambda it: (-it.values[shown], _names(it)))
    document = {
        "event": (profile.period_type or profile.shown_type).name,
        "unit": "samples" if profile.shown_type == SAMPLES else profile.shown_type.unit,
        "frequency_hz": profile.frequency_hz,
        "duration_s": round(profile.duration_ns / 1e9, 3),
        **head_document(profile),
    }
    head = json.dumps(document, ensure_ascii=False, indent=1).removesuffix("\n}")
    frames: dict[Frame, str] = {}
    stacks = ",\n".join(f"  {_sample_text(sample, shown, frames)}" for sample in ranked)
    tail = ""
    if profile.stats is not None:
        tail = f',\n "stats": {json.dumps(stats_document(profile.stats))}'
    return f'{head},\n "stacks": [\n{stacks}\n ]{tail}\n}}\n'


def read_json(document: Mapping[str, Any], place: str, warn: Warn) -> Profile:
    """A profile of a parsed document.

    Raises:
        UsageError: It is not as `write_json` writes it; the place in it is named.
    """
    at = "value_types"
    try:
        types = tuple(map(type_of, document.get("value_types") or _other_types(document)))
        frames, known, samples = Frames(place), dict[Frame, Frame](), []
        for number, item in enumerate(document["stacks"]):
            at = f"stacks[{number}]"
            frames.spend(len(item["frames"]))
            stack = tuple(known.setdefault(frame, frame) for frame in map(_frame, item["frames"]))
            samples.append(_sample(item, stack, len(types)))
        at = "the head"
        shown = {"shown": 1} if "diff" in document else {}
        return profile_of({**document, **shown}, types, samples)
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise bad_profile(place, f"{at} is not as otx writes it: {why}") from None


def _sample(item: Mapping[str, Any], stack: tuple[Frame, ...], types: int) -> StackSample:
    both = [item["before"], item["after"]] if "before" in item else None
    values = tuple(map(whole_of, both or item.get("values") or [item["count"]]))
    if len(values) != types:
        raise ValueError(f"{len(values)} values for {types} types")
    labels = tuple(_label(label) for label in item.get("labels", ()))
    offset = item.get("offset_ns")
    return StackSample(stack, values, labels, None if offset is None else whole_of(offset))


def _label(document: Mapping[str, Any]) -> Label:
    value = document["value"]
    value = text_of(value) if isinstance(value, str) else whole_of(value)
    return Label(text_of(document["key"]), value, text_of(document.get("unit", "")))


def _other_types(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The types of a document that does not name them: a difference, or one of an older otx."""
    unit = document.get("unit", "samples")
    if "diff" in document:
        return [{"name": kind.name, "unit": unit} for kind in (BEFORE, AFTER)]
    if unit == "samples":
        return [{"name": SAMPLES.name, "unit": SAMPLES.unit}]
    return [{"name": document["event"], "unit": unit}]


def _frame(document: Mapping[str, Any]) -> Frame:
    kind = document.get("kind", "native")
    if kind not in _KINDS:
        raise ValueError(f"no kind of frame {kind!r}")
    file, module = text_of(document.get("file", "")), text_of(document.get("module", ""))
    line = whole_of(document.get("line", 0))
    return Frame(text_of(document["name"]), cast(FrameKind, kind), file, line, module)


def _sample_text(sample: StackSample, shown: int, known: dict[Frame, str]) -> str:
    """A sample as JSON, a line; a frame's text is made once, since a stack is a list of them."""
    document: dict[str, object] = {"count": sample.values[shown]}
    if len(sample.values) > 1:
        document["values"] = list(sample.values)
    if sample.labels:
        document["labels"] = [_label_document(label) for label in sample.labels]
    if sample.offset_ns is not None:
        document["offset_ns"] = sample.offset_ns
    frames = []
    for frame in sample.stack:
        text = known.get(frame)
        if text is None:
            text = known[frame] = json.dumps(frame_document(frame), ensure_ascii=False)
        frames.append(text)
    head = json.dumps(document, ensure_ascii=False).removesuffix("}")
    return f'{head}, "frames": [{", ".join(frames)}]}}'


def _label_document(label: Label) -> dict[str, str | int]:
    document: dict[str, str | int] = {"key": label.key, "value": label.value}
    if label.unit:
        document["unit"] = label.unit
    return document


def _names(sample: StackSample) -> tuple[str, ...]:
    return tuple(frame.name for frame in sample.stack)
