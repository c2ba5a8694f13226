"""What no sender should have made: copies, shared ids, circles, ends before starts."""

from collections.abc import Iterator, Mapping

from otx.tracing.assembly import FaultKind
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
