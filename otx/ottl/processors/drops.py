"""What filters and tail sampling dropped, counted by rule."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Drops:
    """What was dropped.

    Attributes:
        by_rule: Records of its context that each rule dropped.
        kept_by_rule: Records of its context that each rule was asked about and let through.
        traces_by_rule: Traces that each rule dropped, of those that drop whole traces.
    """

    by_rule: Counter[str] = field(default_factory=Counter)
    kept_by_rule: Counter[str] = field(default_factory=Counter)
    traces_by_rule: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Drops", component: str = "") -> None:
        """Count in what was dropped elsewhere; a component's rules are named with it."""
        before = f"{component}." if component else ""
        for mine, more in (
            (self.by_rule, other.by_rule),
            (self.kept_by_rule, other.kept_by_rule),
            (self.traces_by_rule, other.traces_by_rule),
        ):
            for rule, count in more.items():
                mine[f"{before}{rule}"] += count
