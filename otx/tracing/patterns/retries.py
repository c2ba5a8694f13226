"""Calls that failed and were made again, and retries of retries."""

from collections.abc import Iterator, Sequence
from functools import partial

from otx.tracing.assembly import NO_PARENT
from otx.tracing.calls import resent_times, told_of
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.rows import cut, is_after, may_be_after
from otx.tracing.patterns.scene import Scene

RETRIES = FindingRule(
    "retries",
    "time",
    "{parent} tried {operation} {count} times, of which {outcome}; "
    "{lost_ns} went by before the last try.",
    "siblings that ask the same of the same peer, one after the other, each but the last failed; "
    "or they say so (http.request.resend_count)",
    "OpenTelemetry semantic conventions, HTTP; otx",
)
AMPLIFICATION = FindingRule(
    "retry-amplification",
    "time",
    "Retries at {levels} levels multiply: one request of {top} can become {product} of "
    "{operation}.",
    "a retried call below a retried call; the product of their tries",
    "otx: retry amplification",
)
_MOST = 10**12
"""Products are counted up to here: a trace made to do harm could nest retries without end."""


def find_retries(scene: Scene) -> Iterator[Finding]:
    """Tries of one call, and what they multiply to."""
    tries: dict[int, int] = {}
    for parent, row in _rows(scene):
        tries.update(dict.fromkeys(row, len(row)))
        last_failed = row[-1] in scene.failed
        lost_ns = scene.timing.starts[row[-1]] - scene.timing.starts[row[0]]
        weight = lost_ns if row[-1] in scene.on_path else 0
        yield said(
            RETRIES,
            weight,
            tuple(row),
            parent=scene.name(parent),
            operation=scene.name(row[0]),
            count=len(row),
            outcome="all failed" if last_failed else "the last went well",
            lost_ns=lost_ns,
        )
    yield from _amplified(scene, tries)


def _rows(scene: Scene) -> Iterator[tuple[int, list[int]]]:
    """Tries of one call, with their parent."""
    for alike in scene.alike:
        if not any(member in scene.failed for member in alike.members[:-1]) and not any(
            _resent(scene, member) for member in alike.members
        ):
            continue
        # One parent may try several things at once: rows are found for each.
        asked: dict[str, list[int]] = {}
        for member in alike.members:
            asked.setdefault(told_of(scene.trace.spans[member]), []).append(member)
        for told, members in asked.items():
            for row in cut(members, partial(_comes_later, scene)):
                for tries in _tries(scene, row, is_told=bool(told)):
                    yield alike.parent, tries


def _tries(scene: Scene, row: Sequence[int], *, is_told: bool) -> Iterator[list[int]]:
    """A row cut behind what went well, unless what follows says that it is sent again.

    Where it is not told what they ask for, nothing but that makes two of them one.
    """
    tries: list[int] = []
    for member in row:
        is_again = is_told and tries and tries[-1] in scene.failed
        if tries and not is_again and not _resent(scene, member):
            if len(tries) > 1:
                yield tries
            tries = []
        tries.append(member)
    if len(tries) > 1:
        yield tries


def _comes_later(scene: Scene, earlier: int, later: int) -> bool:
    """Whether a call is known to have been made when another had ended.

    By their times; or by its own word that it is the next try, if times do not refute that.
    """
    timing, spans = scene.timing, scene.trace.spans
    is_next = resent_times(spans[later]) == resent_times(spans[earlier]) + 1
    says_so = is_next and earlier in scene.failed and may_be_after(timing, earlier, later)
    return says_so or is_after(timing, earlier, later)


def _resent(scene: Scene, number: int) -> bool:
    return resent_times(scene.trace.spans[number]) > 0


def _amplified(scene: Scene, tries: dict[int, int]) -> Iterator[Finding]:
    """The worst product of tries along one path down the tree."""
    if not tries:
        return
    parents = scene.trace.parents
    nearest = {NO_PARENT: NO_PARENT}
    levels, product = {NO_PARENT: 0}, {NO_PARENT: 1}
    above: dict[int, int] = {}
    for number in scene.trace.downward():
        over = nearest[parents[number]]
        nearest[number] = over
        if number in tries:
            nearest[number], above[number] = number, over
            levels[number] = levels[over] + 1
            product[number] = min(product[over] * tries[number], _MOST)
    below = [number for number in above if levels[number] > 1]
    if not below:
        return
    worst = min(below, key=lambda number: (-product[number], levels[number], number))
    chain = [worst]
    while above[chain[-1]] != NO_PARENT:
        chain.append(above[chain[-1]])
    chain.reverse()
    yield said(
        AMPLIFICATION,
        scene.path_ns(chain[:1]),
        chain,
        levels=len(chain),
        product=product[worst],
        top=scene.name(chain[0]),
        operation=scene.name(worst),
    )
