"""The same call made again and again, where one could have asked for everything."""

from collections.abc import Iterator

from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.rows import Row, in_order, rows
from otx.tracing.patterns.scene import Alike, Scene

FEWEST = 3
RULE = FindingRule(
    "n-plus-one",
    "time",
    "{parent} made {count} calls of {operation} {order}; they took {total_ns}.",
    f"at least {FEWEST} siblings with the same name, peer and shape of statement, none of which "
    "began before the last had ended, as far as their clock tells",
    "the N+1 query problem; otx",
)


def find_n_plus_one(scene: Scene) -> Iterator[Finding]:
    """Rows of the same call."""
    for alike in scene.alike:
        if len(alike.members) < FEWEST or not _is_call(alike):
            continue
        for row in rows(scene.timing, alike.members):
            # A row of failures is one call tried again.
            went_well = sum(one not in scene.failed for one in row.members)
            if len(row.members) >= FEWEST and went_well > 1:
                yield _told(scene, alike, row)


def _told(scene: Scene, alike: Alike, row: Row) -> Finding:
    return said(
        RULE,
        scene.path_ns(row.members),
        row.members,
        parent=scene.name(alike.parent),
        count=len(row.members),
        operation=scene.name(row.members[0]),
        order=in_order(row.overlap_ns),
        overlap_ns=row.overlap_ns,
        peer=alike.call.peer,
        shape=alike.call.shape,
        total_ns=sum(map(scene.duration_ns, row.members)),
    )


def _is_call(alike: Alike) -> bool:
    return alike.call.kind == "CLIENT" or bool(alike.call.peer or alike.call.shape)
