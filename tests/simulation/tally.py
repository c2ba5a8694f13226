"""How many statements were made, how many of them are wrong, and how many facts went unsaid."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Score:
    """Of one kind of statement.

    Attributes:
        facts: What is true and could be said.
        stated: Of these what was said.
        claims: All that was said.
        wrong: Of these what is not true.
    """

    facts: int = 0
    stated: int = 0
    claims: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        """The share of the facts that was said; 1 where there are none."""
        return self.stated / self.facts if self.facts else 1.0


@dataclass
class Tally:
    """Scores by kind of statement.

    Attributes:
        why: How often each reason, rule or kind of fact led to a wrong claim or to silence.
    """

    scores: dict[str, Score] = field(default_factory=dict)
    why: "Counter[str]" = field(default_factory=Counter)

    def fact(self, kind: str, stated: bool) -> None:
        """A fact, and whether it was said."""
        score = self.scores.setdefault(kind, Score())
        score.facts += 1
        score.stated += stated

    def claim(self, kind: str, true: bool) -> None:
        """Something said, and whether it is so."""
        score = self.scores.setdefault(kind, Score())
        score.claims += 1
        score.wrong += not true

    def add(self, other: "Tally") -> None:
        """Take in another's."""
        for kind, theirs in other.scores.items():
            ours = self.scores.setdefault(kind, Score())
            ours.facts += theirs.facts
            ours.stated += theirs.stated
            ours.claims += theirs.claims
            ours.wrong += theirs.wrong
        self.why += other.why

    @property
    def wrong(self) -> Mapping[str, int]:
        """The kinds that have wrong claims, and how many."""
        return {kind: score.wrong for kind, score in self.scores.items() if score.wrong}
