"""What is said of a trace, with its evidence: a rule, the spans it applied to, and the figures.

Nothing is said in words before it is shown: a finding holds typed facts, and its rule the sentence
that they go into. So a report can rank findings, a program can read them, and `--why` can name the
rule and where it comes from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from otx.model.cells import shorten
from otx.model.units import format_count, format_duration

Topic: TypeAlias = Literal["error", "time", "oddity", "completeness", "clock", "peers"]
Fact: TypeAlias = int | float | str

LONGEST_WORDS = 200
"""Of a name or a message so much stands in a sentence; the facts have all."""


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A rule by which something is said.

    Attributes:
        id: What reports call it; never changes.
        topic: What it is about.
        sentence: The statement, with the names of facts in braces; behind a count what is counted,
            as `{count:span is/spans are}`.
        why: When it is said, in one line.
        source: Where the rule comes from.
    """

    id: str
    topic: Topic
    sentence: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement about a trace.

    Attributes:
        rule: Why it is said.
        weight_ns: How much of the trace's duration it concerns, for ranking; 0 where it has none.
        spans: The numbers of the spans that are its evidence.
        facts: By name what the sentence is made of. A name's ending tells the unit: `_ns`
            nanoseconds, `_share` a part of one; other numbers are counts.
    """

    rule: FindingRule
    weight_ns: int
    spans: tuple[int, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)


def said(rule: FindingRule, weight_ns: int, spans: Iterable[int], **facts: Fact) -> Finding:
    """A finding by a rule, with its facts by name."""
    return Finding(rule, weight_ns, tuple(spans), facts)


def sentence(finding: Finding) -> str:
    """The statement in words: plain, in one line, with units."""
    words = {name: _words(name, value) for name, value in finding.facts.items()}
    return finding.rule.sentence.format_map(words)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by weight, heaviest first; the order does not depend on theirs."""
    return sorted(findings, key=lambda one: (-one.weight_ns, one.rule.id, one.spans))


@dataclass(frozen=True, slots=True)
class _Count:
    """A count that a sentence may follow by what is counted: `{count:span is/spans are}`."""

    count: int

    def __format__(self, nouns: str) -> str:
        singular, _, plural = nouns.partition("/")
        return f"{format_count(self.count)} {singular if self.count == 1 else plural}".rstrip()


def _words(name: str, value: Fact) -> str | _Count:
    if isinstance(value, str):
        return shorten(value, LONGEST_WORDS)
    if name.endswith("_ns"):
        return format_duration(round(value))
    if name.endswith("_share"):
        return f"{100 * value:.0f} %"
    return _Count(value) if isinstance(value, int) else f"{value:.3g}"
