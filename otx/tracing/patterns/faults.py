"""What no sender should have made: copies, shared ids, circles, ends before starts and the like."""

from collections.abc import Iterator, Mapping

from otx.tracing.assembly import NO_PARENT, FaultKind
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import Scene

_SOURCE = "otx: how traces are put together"
RULES: Mapping[FaultKind, FindingRule] = {
    "duplicate": FindingRule(
        "duplicate",
        "oddity",
        "{count:exact copy of a span was/exact copies of spans were} left out, as a repeated "
        "request leaves them.",
        "a span with the same content had arrived",
        "OTLP, duplicate data",
    ),
    "shared id": FindingRule(
        "shared-id",
        "oddity",
        "{count:pair of client and server shares/pairs of client and server share} a span id.",
        "one id, one CLIENT and one SERVER; the server was taken for the client's child",
        "B3 propagation, shared spans",
    ),
    "id clash": FindingRule(
        "id-clash",
        "oddity",
        "{count:span id is/span ids are} used by several spans; the first of each has the "
        "children.",
        "one id, different content, no client and server",
        _SOURCE,
    ),
    "self-parent": FindingRule(
        "self-parent",
        "oddity",
        "{count:span names itself as its parent/spans name themselves as their parents}; taken "
        "for a root.",
        "the parent id is the span's own",
        _SOURCE,
    ),
    "cycle": FindingRule(
        "cycle",
        "oddity",
        "{count:circle/circles} of parents cut at the earliest span.",
        "a span is its own ancestor",
        _SOURCE,
    ),
}
BACKWARDS = FindingRule(
    "ends-before-start",
    "oddity",
    "{count:span ends before it starts/spans end before they start}; taken for empty.",
    "the end is less than the start, as clocks that are set back leave it",
    _SOURCE,
)

EARLY = FindingRule(
    "child-before-parent",
    "oddity",
    "{count:span starts/spans start} up to {early_ns} before the parent, on the same clock: it was "
    "set meanwhile, or a start was given by hand.",
    "a child is made in its parent's context, and starts after it; its start is earlier by more "
    "than the times are rounded to",
    "happened-before (Lamport 1978); OpenTelemetry, trace API, span creation",
)


def find_faults(scene: Scene) -> Iterator[Finding]:
    """A statement for each kind of fault."""
    for kind, rule in RULES.items():
        faults = [fault for fault in scene.trace.faults if fault.kind == kind]
        if faults:
            evidence = dict.fromkeys(number for fault in faults for number in fault.spans)
            yield said(rule, 0, tuple(evidence), count=len(faults))
    spans = enumerate(scene.trace.spans)
    backwards = tuple(number for number, span in spans if span.duration_ns < 0)
    if backwards:
        yield said(BACKWARDS, 0, backwards, count=len(backwards))
    early = {number: ns for number, ns in _early(scene) if ns > 0}
    if early:
        yield said(EARLY, 0, tuple(early), count=len(early), early_ns=max(early.values()))


def _early(scene: Scene) -> Iterator[tuple[int, int]]:
    """Children of their parent's clock, and how much they start before it beyond rounding."""
    starts, domains = scene.timing.starts, scene.trace.domains
    for number, parent in enumerate(scene.trace.parents):
        if parent == NO_PARENT or starts[number] >= starts[parent]:
            continue
        if domains[number].clock == domains[parent].clock:
            margin = scene.timing.margin_ns(number, parent) or 0
            yield number, starts[parent] - starts[number] - margin
