"""What otx says of simulated requests beside the truth: a table of recall and of wrong statements.

The simulator is tests/simulation/; what it assumes stands in docs/benchmarks.md, which shows
this table. What is aimed at: nothing wrong, 95 % of the facts said on complete traces and 80 % with
5 % of the spans lost. The last column counts wrong statements over both.

    python benchmarks/causality_truth.py [REQUESTS] [--why]
"""

import os
import sys
from collections.abc import Iterator, Mapping

from tests.simulation.tally import Score, Tally
from tests.simulation.trial import VIEWS, View, trials

REQUESTS = 10_000


def rows(total: Mapping[View, Tally]) -> Iterator[str]:
    """The table, a line at a time."""
    yield "| statement | system | threads named | facts | complete | 5 % lost | said | wrong |"
    yield "|---|---|---|---|---|---|---|---|"
    kinds = sorted({kind for tally in total.values() for kind in tally.scores})
    for kind in kinds:
        for view in VIEWS:
            if not view.loses:
                complete = total[view].scores.get(kind, Score())
                lossy = total[view._replace(loses=True)].scores.get(kind, Score())
                yield _row(kind, view, complete, lossy)


def _row(kind: str, view: View, complete: Score, lossy: Score) -> str:
    claims, wrong = complete.claims + lossy.claims, complete.wrong + lossy.wrong
    named = "yes" if view.names_threads else "no"
    facts = complete.facts or lossy.facts
    recall = " | ".join(f"{one.recall:.1%}" if one.facts else "" for one in (complete, lossy))
    return f"| {kind} | {view.system} | {named} | {facts:,} | {recall} | {claims:,} | {wrong:,} |"


def main() -> None:
    """Simulate, judge and print."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    total = trials(numbers[0] if numbers else REQUESTS, os.cpu_count() or 1)
    print(*rows(total), sep="\n")
    if "--why" in sys.argv:
        for view, tally in total.items():
            print(f"\n{view}")
            for reason, count in tally.why.most_common(20):
                print(f"{count:8} {reason}")


if __name__ == "__main__":
    main()
