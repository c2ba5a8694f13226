"""Samples by the span that their thread worked for, beside the counts by stack alone.

Every request is a span of its own, so there may be as many of these as there are samples. They are
bounded; what is beyond keeps its stack and loses its span, which is counted.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from otx.model.profile import Label, Profile, StackSample
from otx.model.stack import Frame, FrameKind, Sample, Stack
from otx.profile.formats.reading import SPAN_ID, TRACE_ID

MAX_SPAN_STACKS = 100_000

_Ids: TypeAlias = tuple[str, str]


class SpanCounts:
    """Counts by stack and span.

    Attributes:
        linked: Samples that have a span.
        left_out: Those of them that there was no room for.
    """

    def __init__(self, root_kind: FrameKind, limit: int = MAX_SPAN_STACKS) -> None:
        self.linked = 0
        self.left_out = 0
        self._root_kind = root_kind
        self._room = limit
        self._counts: dict[Stack, dict[_Ids, int]] = {}

    def add(self, samples: Iterable[Sample]) -> None:
        """Count those that have a span."""
        for sample in samples:
            if not sample.span_id:
                continue
            self.linked += sample.value
            stack = (Frame(sample.comm, self._root_kind), *sample.stack)
            counts = self._counts.setdefault(stack, {})
            ids = (sample.trace_id, sample.span_id)
            if ids not in counts:
                if not self._room:
                    self.left_out += sample.value
                    continue
                self._room -= 1
            counts[ids] = counts.get(ids, 0) + sample.value

    def label(self, profile: Profile) -> Profile:
        """The profile with its samples divided by span, each with the ids as labels."""
        if not self._counts:
            return profile
        return replace(
            profile, samples=[part for whole in profile.samples for part in self._divide(whole)]
        )

    def _divide(self, whole: StackSample) -> Iterable[StackSample]:
        """One for each span, and one for what is of none."""
        rest = list(whole.values)
        total = whole.values[0]
        for (trace_id, span_id), count in self._counts.get(whole.stack, {}).items():
            values = tuple(value * count // total for value in whole.values)
            labels = (*whole.labels, Label(TRACE_ID, trace_id), Label(SPAN_ID, span_id))
            yield replace(whole, values=values, labels=labels)
            rest = [left - part for left, part in zip(rest, values, strict=True)]
        if rest[0] > 0:
            yield replace(whole, values=tuple(rest))
