"""Time between services: on the network, and in queues of messages."""

from collections import defaultdict
from collections.abc import Iterator

from otx.tracing.assembly import NO_PARENT
from otx.tracing.finding import Finding, FindingRule, said
from otx.tracing.patterns.scene import WORTH_SHARE, Scene

NETWORK = FindingRule(
    "network-time",
    "time",
    "{network_ns} of the critical path went by between {client} and {server}, on the network or "
    "in queues at either side.",
    "own time of clients before their server began and after it ended, on clocks that compare or "
    "of clients that did nothing else; at "
    f"least {WORTH_SHARE:.0%} of the path",
    "otx: client and server spans",
)
QUEUE = FindingRule(
    "queue-time",
    "time",
    "A message of {producer} waited {queue_ns} for {consumer}.",
    "a consumer began after its producer had ended, on clocks that compare; at least "
    f"{WORTH_SHARE:.0%} of the path's duration",
    "OpenTelemetry semantic conventions, messaging; otx",
)


def find_network_time(scene: Scene) -> Iterator[Finding]:
    """Time on the path between two services."""
    times: dict[tuple[str, str], int] = defaultdict(int)
    evidence: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    for part in scene.parts:
        if part.kind == "network":
            key = (scene.name(part.section.span), scene.name(part.server))
            times[key] += part.duration_ns
            evidence[key].update({part.section.span: None, part.server: None})
    for key, network_ns in times.items():
        if scene.is_worth(network_ns):
            yield said(
                NETWORK,
                network_ns,
                tuple(evidence[key]),
                client=key[0],
                server=key[1],
                network_ns=network_ns,
            )


def find_queue_time(scene: Scene) -> Iterator[Finding]:
    """Messages that waited to be consumed."""
    for producer, consumer in _messages(scene):
        margin = scene.timing.margin_ns(producer, consumer)
        if margin is None:
            continue
        queue_ns = scene.timing.starts[consumer] - scene.timing.ends[producer]
        if queue_ns > margin and scene.is_worth(queue_ns):
            yield said(
                QUEUE,
                queue_ns,
                (producer, consumer),
                producer=scene.name(producer),
                consumer=scene.name(consumer),
                queue_ns=queue_ns,
                margin_ns=margin,
            )


def _messages(scene: Scene) -> Iterator[tuple[int, int]]:
    """Producers with their consumers: children, or those that link to them."""
    trace = scene.trace
    consumers = [number for number, span in enumerate(trace.spans) if span.kind == "CONSUMER"]
    numbers: dict[str, int] = {}
    for number, span in enumerate(trace.spans if consumers else ()):
        numbers.setdefault(span.span_id, number)
    for number in consumers:
        linked = [numbers.get(one.span_id, NO_PARENT) for one in trace.spans[number].links]
        for other in dict.fromkeys((trace.parents[number], *linked)):
            if other != NO_PARENT and trace.spans[other].kind == "PRODUCER":
                yield other, number
