"""The sections about what a context holds: ids, flags, tracestate, sampling, baggage."""

import textwrap
from collections.abc import Iterable, Sequence

from otx.model.cells import printable
from otx.output import Painter
from otx.propagation.formats import ot_member, tracestate
from otx.propagation.model import DatadogState, Decoded, OtState, SpanContext
from otx.propagation.report.drawing import WIDTH

_OWNERS = {
    "ot": "OpenTelemetry",
    "dd": "Datadog",
    "es": "Elastic",
    "in": "Instana",
    "sw": "SolarWinds",
    "rojo": "W3C's example",
    "congo": "W3C's example",
}
_SYSTEMS = {"nr": "New Relic", "dt": "Dynatrace"}
_PRIORITIES = {-1: "dropped by the user", 0: "dropped", 1: "kept", 2: "kept by the user"}
_VALUE_WIDTH = 44


def heading(text: str, painter: Painter) -> list[str]:
    """A line above a section."""
    return ["", painter.strong(text)]


def rows(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Names and texts in two columns; a long text goes on under itself."""
    pairs = list(pairs)
    width = max((len(name) for name, _ in pairs), default=0)
    lines = []
    for name, text in pairs:
        room = WIDTH - width - 4
        pieces = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
        lines.append(f"  {name.ljust(width)}  {pieces[0]}".rstrip())
        lines += [" " * (width + 4) + piece for piece in pieces[1:]]
    return lines


def hanging(head: str, text: str) -> list[str]:
    """A text behind a head; it goes on under itself."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )


def identity(context: SpanContext, *, is_response: bool, level: int) -> list[str]:
    """Ids, decision, and what may be made of the trace id as a random number."""
    pairs = []
    if context.trace_id is not None:
        narrow = "" if context.trace_id[:16].strip("0") else "  (64 bits, padded)"
        pairs.append(("trace-id", context.trace_id + narrow))
        whose = "the server's span" if is_response else "the caller's span"
        parent = f"{context.parent_id}  {whose}" if context.parent_id else "none: no span to follow"
        pairs.append(("parent-id", parent))
    pairs.append(("sampled", _decision(context)))
    if context.debug:
        pairs.append(("debug", "yes: to be kept whatever samplers say"))
    if context.firehose:
        pairs.append(("firehose", "yes: not to be indexed"))
    if context.debug_id is not None:
        pairs.append(("debug id", printable(context.debug_id)))
    if context.grandparent_id is not None:
        pairs.append(("grandparent", f"{context.grandparent_id}  the parent of the caller's span"))
    if context.random is not None and context.trace_id is not None and level > 1:
        pairs.append(("randomness", _randomness(context)))
    return rows(pairs)


def flags(value: int, painter: Painter, *, level: int) -> list[str]:
    """The eight bits of trace-flags."""
    reserved = f"{value >> 2:06b}"
    random = "the last 7 bytes of the trace-id are random" if value & 2 else "nothing said"
    if level == 1:
        random = "not known at level 1, and ignored"
    recorded = "the caller may have recorded" if value & 1 else "the caller did not record"
    return [
        *heading(f"flags {value:02x} = {value:08b}", painter),
        *rows(
            [
                ("bit 0     sampled", f"{value & 1}       {recorded}"),
                ("bit 1     random", f"{value >> 1 & 1}       {random}"),
                ("bits 2-7  reserved", f"{reserved}  ignored on reading, sent as 0"),
            ]
        ),
    ]


def members(context: SpanContext, painter: Painter) -> list[str]:
    """The members of tracestate, each with its owner."""
    if not context.tracestate:
        return []
    size = len(tracestate.encode_members(context.tracestate))
    note = f"; only {tracestate.CARRIED} must be carried on" if size > tracestate.CARRIED else ""
    title = f"tracestate: {_count(len(context.tracestate), 'member')}, {size} characters{note}"
    return [
        *heading(title, painter),
        *_table([(key, _owner(key), value) for key, value in context.tracestate]),
    ]


def sampling(context: SpanContext, painter: Painter) -> list[str]:
    """Probability, adjusted count, and whether the decision is possible."""
    state = context.ot
    if state is None:
        return []
    pairs = []
    if state.threshold is not None:
        probability = ot_member.probability(state.threshold)
        count = ot_member.adjusted_count(state.threshold)
        pairs.append(("th", f"{state.threshold}: kept with probability {probability * 100:.6g} %"))
        pairs.append(("adjusted count", f"{count:.6g}: this span stands for about as many"))
        pairs.append(("R against T", _verdict(context, state)))
    pairs += [(key, f"{printable(value)}  no meaning known") for key, value in state.other.items()]
    if not pairs:
        return []
    return [*heading("probability sampling (ot)", painter), *rows(pairs)]


def datadog(state: DatadogState | None, painter: Painter) -> list[str]:
    """What Datadog says."""
    if state is None:
        return []
    pairs = []
    if state.priority is not None:
        word = _PRIORITIES.get(state.priority, "of the sender's own")
        pairs.append(("sampling priority", f"{state.priority}  {word}"))
    if state.origin is not None:
        pairs.append(("origin", printable(state.origin)))
    if state.last_parent is not None:
        pairs.append(("last Datadog span", printable(state.last_parent)))
    pairs += [(printable(name), printable(value)) for name, value in state.tags.items()]
    return [*heading("Datadog", painter), *rows(pairs)] if pairs else []


def baggage(decoded: Decoded, painter: Painter) -> list[str]:
    """The entries of baggage."""
    entries = decoded.baggage
    if not entries:
        return []
    return [
        *heading(f"baggage: {_count(len(entries), 'entry', 'entries')}, in plain text", painter),
        *_table([(one.key, one.value, ";".join(one.properties)) for one in entries]),
    ]


def _randomness(context: SpanContext) -> str:
    if context.ot is not None and context.ot.randomness is not None:
        return f"rv:{context.ot.randomness} stands for it, and stays as long as the trace-id"
    if context.random:
        return f"{(context.trace_id or '')[-14:]}, the last 7 bytes of the trace-id"
    return "not promised: samplers may presume it, and cannot know"


def _decision(context: SpanContext) -> str:
    if context.sampled is None:
        return "not said: the receiver decides"
    if context.sampled:
        return "yes"
    return "no: a parent-based sampler drops what follows"


def _verdict(context: SpanContext, state: OtState) -> str:
    threshold = (state.threshold or "").ljust(ot_member.DIGITS, "0")
    if not context.sampled:
        return "th without the sampled flag: it belongs to kept spans alone"
    if state.is_consistent is None:
        return "cannot be said: no rv, and the random flag is not set"
    source = state.randomness or (context.trace_id or "")[-ot_member.DIGITS :]
    if state.is_consistent:
        return f"{source} >= {threshold}: consistent, it is kept"
    return f"{source} < {threshold}: INCONSISTENT, it should have been dropped"


def _owner(key: str) -> str:
    system = key.rpartition("@")[2] if "@" in key else ""
    return _OWNERS.get(key) or _SYSTEMS.get(system) or ""


def _table(cells: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side; a long text in the last or the middle one is cut, and says so."""
    shown = [[_cut(printable(cell)) for cell in row] for row in cells]
    widths = [max(len(row[i]) for row in shown) for i in range(len(shown[0]))]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_WIDTH else f"{text[: _VALUE_WIDTH - 1]}…"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
