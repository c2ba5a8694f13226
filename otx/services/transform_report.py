"""What a receiver's rules did to what came in, in numbers and in words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from otx.model.signal import Signal
from otx.model.units import format_count, format_duration
from otx.otlp.wire import WIRE


@dataclass(frozen=True, slots=True)
class RuleName:
    """A filter's rule, as it is told to people.

    Attributes:
        name: Its place: `filter/health.trace_conditions[0]`.
        condition: Its text, on one line.
        noun: What it drops, in the plural.
    """

    name: str
    condition: str
    noun: str

    def counted(self, number: int) -> str:
        """A count for people: `1 span`, `48 210 log records`."""
        return f"{format_count(number)} {self.noun.removesuffix('s') if number == 1 else self.noun}"


@dataclass(frozen=True, slots=True)
class TransformReport:
    """What was done so far.

    Attributes:
        file: The rules' file; "" where there are none.
        came: Records of requests that the rules looked at, by signal.
        kept: What is left of them. Rules may also add: new metrics have data points.
        dropped_by: Records that each rule dropped; 0 for one that dropped none.
        kept_by: Records that each rule was asked about and let through.
        failures: Failures by statement or condition.
        emptied: Requests of which nothing was left.
        cpu_ns: CPU time of the thread that runs the rules: all that they cost, from the parsed
            message and its views to the bytes that are kept.
    """

    file: str = ""
    came: Counter[Signal] = field(default_factory=Counter)
    kept: Counter[Signal] = field(default_factory=Counter)
    dropped_by: Counter[RuleName] = field(default_factory=Counter)
    kept_by: Counter[RuleName] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    emptied: int = 0
    cpu_ns: int = 0

    def copy(self) -> "TransformReport":
        """The same numbers, which no longer change."""
        return TransformReport(
            self.file,
            Counter(self.came),
            Counter(self.kept),
            Counter(self.dropped_by),
            Counter(self.kept_by),
            Counter(self.failures),
            self.emptied,
            self.cpu_ns,
        )

    def since(self, before: "TransformReport") -> list[str]:
        """What was done after an earlier report, in a few words each."""
        parts = []
        dropped = self.dropped_by - before.dropped_by
        if dropped:
            rules = ", ".join(f"{rule.counted(n)} by {rule.name}" for rule, n in dropped.items())
            parts.append(f"dropped {rules}")
        if failed := self.failures.total() - before.failures.total():
            parts.append(f"{_failures(failed)} of statements")
        came = self.came - before.came
        if came and self.cpu_ns:
            parts.append(f"rules took {_cost(self.cpu_ns - before.cpu_ns, came)}")
        return parts

    def lines(self) -> Iterator[str]:
        """The whole report for people."""
        for signal, came in self.came.items():
            kept = format_count(self.kept[signal])
            yield f"  {self.file} kept {kept} of {WIRE[signal].counted(came)}"
        if self.came and self.cpu_ns:
            yield f"  {self.file} took {_cost(self.cpu_ns, self.came, ' of CPU')}"
        for rule, dropped in self.dropped_by.items():
            of = format_count(dropped + self.kept_by[rule])
            condition = f": {rule.condition}" if rule.condition else ""
            yield f"  dropped {format_count(dropped)} of {of} {rule.noun} by {rule.name}{condition}"
        for statement, failed in self.failures.most_common():
            yield f"  {_failures(failed)} of {statement}"
        if self.emptied:
            plural = "" if self.emptied == 1 else "s"
            yield f"  nothing was left of {format_count(self.emptied)} request{plural}"


def _cost(cpu_ns: int, came: Counter[Signal], of: str = "") -> str:
    """What a record cost: `4.40 µs a span`."""
    noun = WIRE[next(iter(came))].record_noun.removesuffix("s") if len(came) == 1 else "record"
    return f"{format_duration(round(cpu_ns / came.total()))}{of} a {noun}"


def _failures(number: int) -> str:
    return f"{format_count(number)} failure{'' if number == 1 else 's'}"
