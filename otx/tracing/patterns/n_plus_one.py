"""The same call made again and again, where one could have asked for everything."""

from collections.abc import Iterator

from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Alike, Scene

FEWEST = 3
RULE = FindingRule(
    "n-plus-one",
    "time",
    "{parent} made {count} calls of {operation} one after the other; they took {total_ns}.",
    f"at least {FEWEST} siblings with the same name, peer and shape of statement, none of which "
    "began before the last had ended",
    "the N+1 query problem; otx",
)


def find_n_plus_one(scene: Scene) -> Iterator[Finding]:
    """Rows of the same call."""
    for alike in scene.alike:
        if len(alike.members) < FEWEST or not _is_call(alike):
            continue
        for row in scene.coarse_rows(alike.members):
            # A row of failures is one call tried again.
            went_well = sum(one not in scene.failed for one in row)
            if len(row) >= FEWEST and went_well > 1:
                yield said(
                    RULE,
                    scene.path_ns(row),
                    tuple(row),
                    parent=scene.name(alike.parent),
                    count=len(row),
                    operation=scene.name(row[0]),
                    peer=alike.call.peer,
                    shape=alike.call.shape,
                    total_ns=sum(map(scene.duration_ns, row)),
                )


def _is_call(alike: Alike) -> bool:
    return alike.call.kind == "CLIENT" or bool(alike.call.peer or alike.call.shape)
