"""What is said of a span that failed or absorbed a failure, with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.tracing.calls import operation_of
from otx.tracing.failures import Failure
from otx.tracing.finding import Fact, Finding, FindingRule
from otx.tracing.timing import Timing

ErrorRole: TypeAlias = Literal["originated", "propagated", "absorbed", "masked", "late", "unknown"]


@dataclass(frozen=True, slots=True)
class ErrorHop:
    """What a span did with failure.

    Attributes:
        span: Its number.
        role: `unknown` where the span that would tell is missing.
        sources: The spans that its failure came from: children, or a caller that gave up.
        because: The statement, with its evidence.
    """

    span: int
    role: ErrorRole
    sources: tuple[int, ...]
    because: Finding


class ErrorStatements:
    """Puts what was found of a trace's spans into statements."""

    def __init__(self, timing: Timing, failed: Mapping[int, Failure]) -> None:
        self._timing = timing
        self._failed = failed

    def hop(
        self,
        number: int,
        role: ErrorRole,
        rule: FindingRule,
        sources: tuple[int, ...] = (),
        spans: tuple[int, ...] = (),
        **facts: Fact,
    ) -> ErrorHop:
        """What a span did with failure, by a rule.

        Args:
            number: The span.
            role: What it did.
            rule: Why that is said.
            sources: Where its failure came from.
            spans: Further evidence.
            facts: Of the rule's sentence, beside the span's operation and its failure.
        """
        failure = self._failed.get(number)
        facts["operation"] = self.name(number)
        if failure is not None:
            facts["what"] = failure.what
        evidence = tuple(dict.fromkeys((number, *sources, *spans)))
        return ErrorHop(
            number, role, sources, Finding(rule, self.length_ns(number), evidence, facts)
        )

    def length_ns(self, number: int) -> int:
        """How long a span took."""
        return self._timing.ends[number] - self._timing.starts[number]

    def name(self, number: int) -> str:
        """A span's operation."""
        return operation_of(self._timing.trace.spans[number])

    def names(self, numbers: Sequence[int]) -> str:
        """The operation of the first of some spans, and how many more there are."""
        first = self.name(numbers[0])
        return first if len(numbers) == 1 else f"{first} and {len(numbers) - 1} more"
