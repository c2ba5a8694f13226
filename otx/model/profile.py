"""A profile as any of its forms can say it: stacks, what was measured on each, and of whom.

A profile is a list of samples and not a count by stack, since two samples of one stack may differ
in their labels and in when they were taken. What only looks at stacks takes `Profile.counts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from otx.model.stack import ProfileStats, Stack
from otx.model.units import NS_PER_S, format_count, format_duration, format_size

MAX_VALUE = (1 << 63) - 1
"""The largest value that pprof and OTLP can say; the least is its negative, less one."""


@dataclass(frozen=True, slots=True)
class ValueType:
    """What a value measures, and its unit: `cpu` in `nanoseconds`, `samples` in `count`."""

    name: str
    unit: str

    def __str__(self) -> str:
        return f"{self.name}/{self.unit}"


SAMPLES = ValueType("samples", "count")
CPU = ValueType("cpu", "nanoseconds")
OFF_CPU = ValueType("off_cpu", "nanoseconds")
WALL = ValueType("wall", "nanoseconds")
ALLOC_SPACE = ValueType("alloc_space", "bytes")
PAGE_FAULTS = ValueType("page_faults", "count")


@dataclass(frozen=True, slots=True)
class Label:
    """Something said of a sample by name; OpenTelemetry's names where there are such.

    Attributes:
        value: A text, or a whole number of the unit.
    """

    key: str
    value: str | int
    unit: str = ""


Labels: TypeAlias = tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class StackSample:
    """One stack that was seen, with a value for each of the profile's types.

    Attributes:
        stack: Frames, root first.
        values: As many as the profile has value types.
        offset_ns: When it was seen, from the profile's start on; None where that is not known.
    """

    stack: Stack
    values: tuple[int, ...]
    labels: Labels = ()
    offset_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What was sampled.

    Attributes:
        value_types: At least one.
        shown: Which of them is meant where only one can be shown.
        time_unix_nano: When sampling began; 0 where that is not known.
        duration_ns: How long it went on; 0 where that is not known.
        period: How much of `period_type` lies between two samples.
        comments: Whatever its maker had to say.
        stats: How it was made, where otx made it.
    """

    value_types: tuple[ValueType, ...]
    samples: Sequence[StackSample]
    shown: int = 0
    time_unix_nano: int = 0
    duration_ns: int = 0
    period: int = 0
    period_type: ValueType | None = None
    comments: tuple[str, ...] = ()
    stats: ProfileStats | None = field(default=None)

    @property
    def shown_type(self) -> ValueType:
        """What the values of `counts` and `total` measure."""
        return self.value_types[self.shown]

    @property
    def total(self) -> int:
        """The shown value of all samples."""
        return sum(sample.values[self.shown] for sample in self.samples)

    @property
    def frequency_hz(self) -> int:
        """Samples a second of a busy processor; 0 where the period is no time."""
        if self.period <= 0 or self.period_type is None or self.period_type.unit != CPU.unit:
            return 0
        return round(NS_PER_S / self.period)

    def counts(self) -> dict[Stack, int]:
        """The shown value by stack."""
        counts: dict[Stack, int] = {}
        for sample in self.samples:
            counts[sample.stack] = counts.get(sample.stack, 0) + sample.values[self.shown]
        return counts


def value_text(value: int | float, unit: str) -> str:
    """A value for people: a time, a size, or a count."""
    if unit == CPU.unit:
        return format_duration(round(value))
    if unit == "bytes":
        return format_size(round(value))
    return format_count(round(value))


def saturated(value: int) -> int:
    """A value as near to it as pprof and OTLP can say."""
    return max(-MAX_VALUE - 1, min(value, MAX_VALUE))
