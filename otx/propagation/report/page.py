"""The page about one set of headers, worst first."""

from dataclasses import replace

from otx.model.cells import printable
from otx.output import Painter
from otx.propagation.carrier import canonical
from otx.propagation.conversion import Converted, convert
from otx.propagation.formats.traceparent import LENGTH
from otx.propagation.model import Decoded, Field, Problem, SpanContext
from otx.propagation.registry import BY_NAME, TARGETS, Format
from otx.propagation.report import sections
from otx.propagation.report.drawing import labelled, marked, wrapped
from otx.propagation.rules import rule_of

_STAND_IN = "aaaaaaaaaaaaaaaa"
_YOUR_SPAN = "<id of your span>"
_LISTS = ("tracestate", "baggage", "x-datadog-tags")
"""Headers whose members have a table of their own."""


def page(decoded: Decoded, painter: Painter, now_unix_s: int, judged_as: str = "") -> list[str]:
    """The lines of the page.

    Args:
        decoded: What the headers say.
        painter: Gives the colours.
        now_unix_s: The time, to which X-Ray compares trace ids.
        judged_as: The header that a value without a name was taken for.
    """
    form = BY_NAME[decoded.format] if decoded.format else None
    lines = [_verdict(decoded, form, painter)]
    if judged_as:
        lines.append(f"  read as {judged_as}: the value came without the name of a header")
    lines.append("")
    if decoded.problem is not None:
        lines += problem_lines(decoded, painter)
    if decoded.context is not None and form is not None:
        lines += _context(decoded, decoded.context, form, painter)
    lines += sections.baggage(decoded, painter)
    lines += _warnings(decoded, painter)
    lines += _next_hop(decoded, form, painter)
    if decoded.context is not None and form is not None:
        lines += _elsewhere(decoded.context, form, painter, now_unix_s)
    return lines


def problem_lines(decoded: Decoded, painter: Painter) -> list[str]:
    """Why headers are invalid: the header with carets, the rule, what a receiver does next."""
    return _problem("error", decoded.problem, decoded, painter) if decoded.problem else []


def _verdict(decoded: Decoded, form: Format | None, painter: Painter) -> str:
    where = ", from the environment" if decoded.is_environment else ""
    if form is None:
        return painter.paint("✗ no header carries trace context", "-")
    title = f"{form.title} ({form.name}{where})"
    if decoded.problem is not None:
        return painter.paint(f"✗ invalid: {decoded.problem.code}", "-") + f"  {title}"
    also = "".join(f", {one.format}" for one in decoded.others)
    beside = f"; also there: {also[2:]}" if also else ""
    dropped = "; tracestate is dropped" if decoded.found.tracestate else ""
    return painter.paint("✓ valid", "+") + f"  {title}{painter.paint(dropped, '-')}{beside}"


def _problem(word: str, problem: Problem, decoded: Decoded, painter: Painter) -> list[str]:
    rule = rule_of(problem, decoded.format)
    sign = "-" if word == "error" else "~"
    return [
        *marked(problem, painter),
        painter.paint(f"{word} {problem.code}", sign)
        + (f": {printable(problem.detail)}" if problem.detail else ""),
        *sections.rows([("rule", f"{rule.says} ({rule.where})"), ("next", rule.consequence)]),
    ]


def _context(decoded: Decoded, context: SpanContext, form: Format, painter: Painter) -> list[str]:
    lines = []
    for field in _own_fields(decoded, form):
        is_list = canonical(field.name) in _LISTS
        lines += wrapped(field) if is_list else labelled(field, form.codec.parts(field), painter)
    lines.append("")
    lines += sections.identity(context, is_response=form.is_response, level=decoded.found.level)
    value = _flags(decoded, form)
    if value is not None:
        lines += sections.flags(value, painter, level=decoded.found.level)
    lines += _tracestate(decoded, context, painter)
    lines += sections.sampling(context, painter)
    return lines + sections.datadog(context.datadog, painter)


def _own_fields(decoded: Decoded, form: Format) -> list[Field]:
    return [field for field in decoded.fields if canonical(field.name) in form.headers]


def _flags(decoded: Decoded, form: Format) -> int | None:
    if form.name != "w3c":
        return None
    return next(
        int(field.value[LENGTH - 2 : LENGTH], 16)
        for field in decoded.fields
        if canonical(field.name) == "traceparent"
    )


def _tracestate(decoded: Decoded, context: SpanContext, painter: Painter) -> list[str]:
    found = decoded.found
    lines = []
    if found.tracestate is not None:
        lines += sections.heading("tracestate is dropped", painter)
        lines += _problem("error", found.tracestate, decoded, painter)
    lines += sections.members(context, painter)
    if found.level1 is not None:
        text = f"a reader of level 1 drops all of it: {found.level1.detail}"
        lines += sections.rows([("level 1", text)])
    return lines


def _warnings(decoded: Decoded, painter: Painter) -> list[str]:
    lines = []
    for one in decoded.warnings:
        lines += ["", *_problem("warning", one, decoded, painter)]
    return lines


def _next_hop(decoded: Decoded, form: Format | None, painter: Painter) -> list[str]:
    title = sections.heading("the next hop must be sent", painter)
    context = decoded.context
    if form is not None and (form.is_response or form.name == "baggage"):
        return []
    if context is None and form is not None and form.name != "w3c":
        return [*title, "  the headers of a new trace"]
    if context is None:
        return [*title, f"  traceparent: 00-<new trace-id>-{_YOUR_SPAN}-<flags>", "  no tracestate"]
    if form is None or context.trace_id is None:
        return []
    own = replace(context, parent_id=_STAND_IN, grandparent_id=None)
    decimal = str(int(_STAND_IN, 16))
    headers = [
        (name, value.replace(_STAND_IN, _YOUR_SPAN).replace(decimal, f"{_YOUR_SPAN}, decimal"))
        for name, value in form.codec.encode(own)
        if form.name != "grpc-trace-bin"
    ]
    if not headers:
        return []
    note = "  (sampled may change, the trace-id and the random flag may not)"
    lines = [f"  {name}: {printable(value)}" for name, value in headers]
    return [*title, *lines, *([note] if form.name == "w3c" else [])]


def _elsewhere(context: SpanContext, form: Format, painter: Painter, now_unix_s: int) -> list[str]:
    """The same context in the other formats."""
    if context.trace_id is None and context.sampled is None:
        return []
    lines = sections.heading("the same context in other formats", painter)
    for target in TARGETS:
        if target.name != form.name:
            lines += converted_lines(convert(context, target, now_unix_s), painter)
    return lines


def converted_lines(converted: Converted, painter: Painter) -> list[str]:
    """A context in one format: its headers, and what is lost."""
    equals = "=" if converted.format.name == "env" else ": "
    lines = [f"  {converted.format.name}"]
    lines += [f"    {name}{equals}{printable(value)}" for name, value in converted.headers]
    lost = "; ".join(printable(one.text) for one in converted.lost)
    if lost:
        lines += [painter.paint(line, "~") for line in sections.hanging("    lost: ", lost)]
    for one in converted.cautions:
        lines += [painter.faint(line) for line in sections.hanging("    note: ", one.text)]
    return lines
