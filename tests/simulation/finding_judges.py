"""Whether what is said of clocks, missing spans, errors, loops of calls and retries is so."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from otx.tracing.assembly import NO_PARENT, Trace
from otx.tracing.critical_path import critical_path
from otx.tracing.error_story import error_story
from otx.tracing.finding import Finding
from otx.tracing.patterns.n_plus_one import FEWEST, find_n_plus_one
from otx.tracing.patterns.retries import RETRIES, find_retries
from otx.tracing.patterns.scene import scene_of
from otx.tracing.timing import Timing
from otx.tracing.waits import waits_of
from tests.simulation.observation import Observation
from tests.simulation.records import Record
from tests.simulation.tally import Tally


def judge_clocks(trace: Trace, timing: Timing, records: Sequence[Record]) -> Tally:
    """Whether each clock's true shift lies within the margin of the one that is told.

    A fact is that of a clock which a call that was answered connects to another.
    """
    tally = Tally()
    answered = _answered(trace, records)
    hosts = {
        domain.clock: one.process.host for domain, one in zip(trace.domains, records, strict=True)
    }
    begins, ends = min(one.start_ns for one in records), max(one.end_ns for one in records)
    for clock, host in hosts.items():
        shift = timing.shifts.get(clock)
        if clock in answered and (shift is None or shift.reference != clock):
            tally.fact("clock shift within its margin", shift is not None)
        if shift is None or shift.reference == clock:
            continue
        # A clock that drifts has no one shift: any that it had meanwhile will do.
        reference = hosts[shift.reference]
        had = sorted(reference.offset_ns(ns) - host.offset_ns(ns) for ns in (begins, ends))
        is_right = had[0] - shift.margin_ns <= shift.ns <= had[1] + shift.margin_ns
        tally.claim("clock shift within its margin", is_right)
    return tally


def _answered(trace: Trace, records: Sequence[Record]) -> set[str]:
    """The clocks that a call which was answered connects to another."""
    found = set()
    for number, parent in enumerate(trace.parents):
        if parent == NO_PARENT or records[parent].error_type == "TimeoutException":
            continue
        clocks = {trace.domains[one].clock for one in (number, parent)}
        if len(clocks) > 1 and records[parent].kind == "CLIENT":
            found |= clocks
    return found


def judge_missing(trace: Trace, seen: Observation) -> Tally:
    """Whether the parents that are told to be missing are those that were lost."""
    tally = Tally()
    lost = {one.span_id for one in seen.lost}
    named = {one.span_id for one in trace.missing}
    for span_id in named:
        tally.claim("missing parents", span_id in lost)
    for parent in {one.parent for one in seen.records.values()}:
        if parent is not None and parent.span_id in lost:
            tally.fact("missing parents", parent.span_id in named)
    return tally


def judge_findings(timing: Timing, records: Sequence[Record]) -> Tally:
    """Errors, loops of calls, retries."""
    tally = Tally()
    waits = waits_of(timing)
    path = critical_path(waits)
    story = error_story(timing, path)
    said = {hop.span: hop.role for hop in story.hops}
    for number, role in said.items():
        one = records[number]
        if role in ("originated", "masked"):
            is_right = one.origin
        elif role == "propagated":
            is_right = one.failed and not one.origin
        else:
            continue
        tally.claim("error origin", is_right)
        if not is_right:
            tally.why[f"wrong error {role} {one.kind}"] += 1
    for number, one in enumerate(records):
        if one.origin:
            told = said.get(number) in ("originated", "masked")
            tally.fact("error origin", told)
            if not told:
                tally.why[f"unsaid error {said.get(number)} {one.kind} {one.error_type}"] += 1
    scene = scene_of(waits, path, story.failed)
    loops = list(find_n_plus_one(scene))
    _judge_rows(tally, "N+1", loops, records, lambda one: one.loop, FEWEST)
    exact = [one for one in loops if not one.facts["overlap_ns"]]
    _judge_rows(tally, "N+1, in order", exact, records, lambda one: one.loop, FEWEST)
    retries = [one for one in find_retries(scene) if one.rule is RETRIES]
    _judge_rows(tally, "retries", retries, records, lambda one: one.retry, 2)
    for finding in retries:
        *tries, _ = (records[number] for number in finding.spans)
        tally.claim("retries", all(attempt.failed for attempt in tries))
    return tally


def _judge_rows(
    tally: Tally,
    kind: str,
    findings: Iterable[Finding],
    records: Sequence[Record],
    group_of: Callable[[Record], int],
    fewest: int,
) -> None:
    """A row is one call after the other; a true group is found when one row has most of it.

    Some say that they may overlap, and by how much at most.
    """
    rows = [one.spans for one in findings]
    for finding in findings:
        overlap_ns = int(finding.facts.get("overlap_ns", 0))
        calls = sorted((records[number] for number in finding.spans), key=lambda one: one.start_ns)
        is_right = all(
            earlier.end_ns <= later.start_ns + overlap_ns
            and earlier.name == later.name
            and earlier.parent is later.parent
            for earlier, later in pairwise(calls)
        )
        tally.claim(kind, is_right)
        if not is_right:
            tally.why[f"wrong {kind} {calls[0].process.runtime}"] += 1
    groups: dict[int, set[int]] = defaultdict(set)
    for number, one in enumerate(records):
        if group_of(one):
            groups[group_of(one)].add(number)
    for members in groups.values():
        if len(members) >= fewest:
            told = any(len(members - set(row)) <= len(members) // 5 for row in rows)
            tally.fact(kind, told)
