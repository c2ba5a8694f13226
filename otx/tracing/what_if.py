"""How much sooner a trace would end if something in it took less time, by computing it again.

The model: a span's time is made of what it does itself and of what it waits for. A child begins a
fixed time after the last of what had ended by then, its siblings or its parent's start (fork and
join, as CRISP has it); its parent ends a fixed time after the last of its children. These times
between are the parent's own. When own times shrink, everything that waited moves forward until
something else holds it back: the answer is the end of the root in that arithmetic (max and plus).

So nothing is saved where something else takes as long, and never more than what was taken away.
Whether a child really waited for its siblings is not recorded: if it did not, less is saved.
"""

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.path_time import Part
from otx.tracing.wait_plan import WaitPlan, plan_of
from otx.tracing.waits import Waits

HALF = Fraction(1, 2)
RULE = FindingRule(
    "what-if",
    "time",
    "If the own time of {operation} were {factor_share} of what it is, the trace would end at most "
    "{saved_ns} sooner ({saved_share}).",
    "the times of all that waited for it are computed again, so that what else took as long counts",
    "otx: max-plus model of fork and join, after CRISP (USENIX ATC 2022)",
)


class WaitModel:
    """The dependencies of what is awaited below a root, to be computed again with other times."""

    def __init__(self, waits: Waits, root: int) -> None:
        self.waits = waits
        self.root = root
        self._plans: dict[int, WaitPlan] = {}
        self._places = {number: place for place, number in enumerate(waits.below(root))}

    def duration_ns(self, own_time: Callable[[int], int], changed: Collection[int]) -> int:
        """The root's duration when the own times of some spans are others.

        Args:
            own_time: What becomes of a stretch of own time, in nanoseconds, not below 0.
            changed: The numbers of the spans that this applies to.
        """
        waits = self.waits
        slower = {number for number in changed if number in self._places}
        new: dict[int, int] = {}
        for number in self._affected(slower):
            change = own_time if number in slower else _same
            new[number] = self._recomputed(number, change, new)
        return new.get(self.root, waits.ends[self.root] - waits.starts[self.root])

    def saved_ns(self, spans: Collection[int], factor: Fraction = HALF) -> int:
        """How much sooner the root ends when own times of spans are `factor` of what they are.

        Stretches of time are rounded up, so that the answer is never too large.
        """
        kept, whole = factor.as_integer_ratio()
        before = self.waits.ends[self.root] - self.waits.starts[self.root]
        return before - self.duration_ns(lambda own: -(-own * kept // whole), spans)

    def _affected(self, changed: Collection[int]) -> list[int]:
        """Spans and all above them, children before their parents."""
        found: set[int] = set()
        for number in changed:
            here = number
            while here not in found:
                found.add(here)
                if here == self.root:
                    break
                here = self.waits.trace.parents[here]
        return sorted(found, key=self._places.__getitem__, reverse=True)

    def _recomputed(self, number: int, own: Callable[[int], int], new: dict[int, int]) -> int:
        """A span's duration when its own times change and some children have other durations."""
        starts, ends = self.waits.starts, self.waits.ends
        plan = self._plans.get(number)
        if plan is None:
            plan = self._plans[number] = plan_of(self.waits, number)
        places = iter(plan.ended)
        child_ends: list[int] = []
        released = done = last = 0
        for child, lag, before in zip(plan.children, plan.lags, plan.ended_before, strict=True):
            while done < before:
                released = max(released, child_ends[next(places)])
                done += 1
            length = new.get(child)
            if length is None:
                length = ends[child] - starts[child]
            end = released + own(lag) + length
            child_ends.append(end)
            last = max(last, end)
        return last + own(plan.tail)


def best_savings(
    model: WaitModel, parts: Sequence[Part], most: int = 5, factor: Fraction = HALF
) -> list[Finding]:
    """What halving the operations with most time on the path would save, most first.

    Operations that would save nothing are left out.
    """
    spans_of: dict[tuple[str, str], set[int]] = {}
    own: dict[tuple[str, str], int] = {}
    trace = model.waits.trace
    for part in parts:
        span = trace.spans[part.section.span]
        key = (span.service, span.name)
        own[key] = own.get(key, 0) + part.duration_ns
        spans_of.setdefault(key, set()).add(part.section.span)
    whole = sum(own.values())
    heaviest = sorted(own, key=lambda key: (-own[key], key))[:most]
    found = []
    for key in heaviest:
        numbers = tuple(sorted(spans_of[key]))
        saved = model.saved_ns(numbers, factor)
        if saved > 0:
            found.append(
                said(
                    RULE,
                    saved,
                    numbers,
                    operation=" ".join(filter(None, key)),
                    factor_share=float(factor),
                    saved_ns=saved,
                    saved_share=saved / whole,
                )
            )
    return sorted(found, key=lambda one: (-one.weight_ns, one.spans))


def _same(own: int) -> int:
    return own
