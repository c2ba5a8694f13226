"""Failures after a time that somebody has written into a configuration."""

from bisect import bisect_left
from collections.abc import Iterator

from otx.tracing.assembly import NO_PARENT
from otx.tracing.error_times import ended_after
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Scene

_MS = 1_000_000
_USUAL_MS = (
    *(50, 100, 200, 250, 300, 500, 750, 1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 8_000),
    *(10_000, 15_000, 20_000, 30_000, 45_000, 60_000, 90_000, 120_000, 180_000, 300_000, 600_000),
)
_TOLERANCE = 100
"""A duration is one of these when it differs by no more than a hundredth."""
CONFIGURED = FindingRule(
    "configured-timeout",
    "error",
    "{operation} failed ({what}) after {duration_ns}, which looks like a timeout of {timeout_ns}.",
    "a span that timed out, or a call that failed without an answer, after a round time, 1 % more "
    "or less",
    "otx: usual settings of clients",
)
GAVE_UP_FIRST = FindingRule(
    "gave-up-first",
    "error",
    "{client} had given up at least {late_ns} before {server} ended.",
    "a client that failed with an error of its own ended before its server, on clocks that "
    "compare, or was shorter than it",
    "otx: server spans that outlive their client",
)


def find_timeouts(scene: Scene) -> Iterator[Finding]:
    """Failures after round times; of those within one another the innermost."""
    found: dict[int, int] = {}
    for number in sorted(scene.failed, key=scene.duration_ns):
        failure = scene.failed[number]
        had_answer = "http" in failure.signs or "grpc" in failure.signs
        is_call = scene.trace.spans[number].kind == "CLIENT"
        if failure.gave_up == "cancelled":  # by somebody above, if there is one
            may_be_one = scene.trace.parents[number] == NO_PARENT
        else:
            may_be_one = failure.gave_up == "timeout" or (is_call and not had_answer)
        if may_be_one:
            timeout_ns = usual_timeout_ns(scene.duration_ns(number))
            if timeout_ns:
                found[number] = timeout_ns
    for number in sorted(found):
        if any(found.get(child) == found[number] for child in scene.trace.children[number]):
            continue
        yield said(
            CONFIGURED,
            scene.path_ns([number]),
            (number,),
            operation=scene.name(number),
            what=scene.failed[number].what,
            duration_ns=scene.duration_ns(number),
            timeout_ns=found[number],
        )


def find_gave_up_first(scene: Scene) -> Iterator[Finding]:
    """Failed clients whose server went on."""
    for number in sorted(scene.failed):
        failure = scene.failed[number]
        is_call = scene.trace.spans[number].kind == "CLIENT"
        if not is_call or failure.has_answer or not failure.says_why:
            continue
        for child in scene.trace.children[number]:
            is_server = scene.trace.spans[child].kind == "SERVER"
            if is_server and ended_after(scene.timing, child, number):
                yield said(
                    GAVE_UP_FIRST,
                    scene.path_ns([number]),
                    (number, child),
                    client=scene.name(number),
                    server=scene.name(child),
                    late_ns=_late_ns(scene, child, number),
                )


def usual_timeout_ns(duration_ns: int) -> int:
    """The usual setting of timeouts that a duration is close to; 0 for none."""
    place = bisect_left(_USUAL_MS, duration_ns / _MS)
    for timeout_ms in _USUAL_MS[max(place - 1, 0) : place + 1]:
        if abs(duration_ns - timeout_ms * _MS) * _TOLERANCE <= timeout_ms * _MS:
            return timeout_ms * _MS
    return 0


def _late_ns(scene: Scene, server: int, client: int) -> int:
    """By how much a server ended after its client, at least."""
    margin = scene.timing.margin_ns(server, client)
    if margin is None:
        return scene.duration_ns(server) - scene.duration_ns(client)
    return scene.timing.ends[server] - scene.timing.ends[client] - margin
