"""What otx's own documents say of a profile beside its stacks: json, and the data of pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from otx.model.profile import Profile, StackSample, ValueType
from otx.model.units import NS_PER_S
from otx.otlp.json_text import shown_value
from otx.profile.formats.reading import valid_text, whole_value
from otx.profile.formats.stats import stats_of


def head_document(profile: Profile) -> dict[str, object]:
    """All but samples and stats."""
    return {
        "time_unix_nano": profile.time_unix_nano,
        "duration_ns": profile.duration_ns,
        "value_types": [_type_document(kind) for kind in profile.value_types],
        "shown": profile.shown,
        "period": profile.period,
        "period_type": _type_document(profile.period_type) if profile.period_type else None,
        "comments": list(profile.comments),
    }


def profile_of(
    document: Mapping[str, Any], types: tuple[ValueType, ...], samples: Sequence[StackSample]
) -> Profile:
    """The profile of a document's head, also of an earlier otx, and of samples that were read.

    Raises:
        TypeError: An entry is of another type.
        ValueError: An entry is none that can be.
        KeyError: One is missing.
        AttributeError: A document is none.
    """
    frequency = whole_of(document.get("frequency_hz", 0))
    period_type, stats = document.get("period_type"), document.get("stats") or {}
    shown = whole_of(document.get("shown", 0))
    if not 0 <= shown < len(types):
        raise ValueError(f"no value type {shown}")
    return Profile(
        types,
        samples,
        shown=shown,
        time_unix_nano=whole_of(document.get("time_unix_nano", 0)),
        duration_ns=whole_of(
            document.get("duration_ns", float(document.get("duration_s", 0)) * NS_PER_S)
        ),
        period=whole_of(document.get("period", NS_PER_S // frequency if frequency > 0 else 0)),
        period_type=type_of(period_type) if period_type else None,
        comments=tuple(map(text_of, document.get("comments", ()))),
        stats=stats_of(stats) if stats else None,
    )


def type_of(document: Mapping[str, Any]) -> ValueType:
    """The value type of a name and a unit."""
    return ValueType(text_of(document["name"]), text_of(document["unit"]))


def text_of(value: object) -> str:
    """A value that has to be text.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{shown_value(value)} is no text")
    return valid_text(value)


def whole_of(value: object) -> int:
    """A value that has to be a number, as a whole one.

    Raises:
        TypeError: It is none, or too large.
    """
    whole = whole_value(value)
    if whole is None:
        raise TypeError(f"{shown_value(value)} is no number that can be taken")
    return whole


def _type_document(kind: ValueType) -> dict[str, str]:
    return {"name": kind.name, "unit": kind.unit}
