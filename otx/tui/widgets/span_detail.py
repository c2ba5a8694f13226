"""Everything about one span."""

from otx.model.telemetry import Span
from otx.model.units import format_duration
from otx.output import value_text
from otx.tracing.critical_path import PathStep
from otx.tracing.self_time import self_time_ns
from otx.tracing.span_samples import SpanCode
from otx.tracing.tree import TraceNode, TraceTree
from otx.tui.widgets.details import Details, Line, Section, attribute_lines

_TOP = 3
_FRAMES_SHOWN = 6


class SpanDetail(Details):
    """The details of a span."""

    HELP = "The span as it came: ids, attributes, events, links, resource; and what its code did."


def span_sections(
    span: Span,
    node: TraceNode,
    tree: TraceTree,
    step: PathStep | None,
    profile: str,
    code: SpanCode | None = None,
) -> list[Section]:
    """What there is to say about a span.

    Args:
        span: The span.
        node: Its place in the tree.
        tree: The trace.
        step: Its part of the critical path; None where it is not on it.
        profile: What is known of its process's samples.
        code: What its own code did; None where no sample is known to be of it.
    """
    sections = [
        Section("", [*_facts(span, node, tree), *_elsewhere(tree, step, profile)]),
        Section("attributes", attribute_lines(span.attributes), f"({len(span.attributes)})"),
    ]
    if code is not None:
        sections.insert(1, Section("code", _code(code), f"({_code_note(code)})"))
    if span.events:
        sections.append(Section("events", _events(span), f"({len(span.events)})"))
    if span.links:
        sections.append(Section("links", _links(span), f"({len(span.links)})"))
    sections.append(
        Section("resource", attribute_lines(span.resource), f"({len(span.resource)})", False)
    )
    scope = f"{span.scope} {span.scope_version}".strip()
    if scope:
        sections.append(Section("scope", [((" ", ""), (scope, ""))], scope, False))
    return sections


def _facts(span: Span, node: TraceNode, tree: TraceTree) -> list[Line]:
    own = self_time_ns(node)
    whole = tree.duration_ns
    share = f"   {100 * own / whole:.0f} % of trace" if whole > 0 else ""
    lines: list[Line] = [
        ((" ", ""), (span.name, "strong")),
        ((" ", ""), (f"{span.service}   {span.kind}", "dim")),
    ]
    if span.is_error or span.status_message:
        ink = "error" if span.is_error else ""
        mark = "✗ ERROR" if span.is_error else span.status
        lines.append(((f" {mark} ", ink), (span.status_message, "")))
    lines += [
        (("", ""),),
        (
            (" start   ", "dim"),
            (f"+{format_duration(span.start_unix_nano - tree.start_unix_nano)}", ""),
        ),
        ((" took    ", "dim"), (format_duration(span.duration_ns), "")),
        ((" self    ", "dim"), (format_duration(own) + share, "")),
        ((" span    ", "dim"), (span.span_id, "")),
        ((" parent  ", "dim"), (span.parent_span_id or "none: a root", "")),
    ]
    if span.trace_state:
        lines.append(((" state   ", "dim"), (span.trace_state, "")))
    return lines


def _elsewhere(tree: TraceTree, step: PathStep | None, profile: str) -> list[Line]:
    """What the trace and the profiler say of the span."""
    lines: list[Line] = []
    if step is not None:
        share = 100 * step.own_ns / max(tree.duration_ns, 1)
        on_path = f"{format_duration(step.own_ns)}   {share:.0f} % of the critical path"
        lines.append(((" path    ", "dim"), (on_path, "")))
    return [*lines, ((" profile ", "dim"), (profile, "")), (("", ""),)]


def _code(code: SpanCode) -> list[Line]:
    """The functions that ran most themselves, and each heaviest stack from its leaf up."""
    whole = max(code.cpu_ns, 1)
    lines: list[Line] = [
        ((f" {100 * cpu_ns / whole:3.0f} % ", "dim"), (name, "strong"))
        for name, cpu_ns in code.top_functions(_TOP)
    ]
    for stack, cpu_ns in code.top_stacks(_TOP):
        leaf_first = " ← ".join(reversed(stack[-_FRAMES_SHOWN:]))
        lines.append(((f" {100 * cpu_ns / whole:3.0f} % ", "dim"), (leaf_first, "")))
    return lines


def _code_note(code: SpanCode) -> str:
    how = ", inferred from thread and time" if code.how == "inferred" else ""
    return f"{format_duration(code.cpu_ns)} of processor time{how}"


def _events(span: Span) -> list[Line]:
    lines: list[Line] = []
    for event in span.events:
        after = format_duration(event.time_unix_nano - span.start_unix_nano)
        lines.append(((" ◆ ", "accent"), (f"+{after}  {event.name}", "strong")))
        lines += [
            ((f"   {key.removeprefix('exception.')}  ", "dim"), (value_text(value), ""))
            for key, value in sorted(event.attributes.items())
        ]
    return lines


def _links(span: Span) -> list[Line]:
    return [((" → ", "accent"), (f"{link.trace_id} {link.span_id}", "")) for link in span.links]
