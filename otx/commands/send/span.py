"""`otx send span`: a command as a span."""

from typing import Annotated, Any, Literal

import typer

from otx.commands.send.destination import Destination, check_flags, destination
from otx.commands.send.options import (
    DESTINATION,
    RecordAttributes,
    ResourceAttributes,
    Taken,
    attribute_pairs,
    taking,
)
from otx.environment import Environment
from otx.errors import OtxError, UsageError
from otx.output import Remarks

_SPAN: tuple[tuple[str, Any, Any], ...] = (
    (
        "command",
        Annotated[list[str] | None, typer.Argument(metavar="-- CMD…", help="What to run.")],
        None,
    ),
    ("name", Annotated[str, typer.Option(metavar="N", help="The span's (the program's).")], ""),
    (
        "kind",
        Annotated[
            Literal["internal", "server", "client", "producer", "consumer"],
            typer.Option(help="The span's kind."),
        ],
        "internal",
    ),
    ("attr", RecordAttributes, None),
    ("resource", ResourceAttributes, None),
    (
        "args",
        Annotated[
            bool, typer.Option("--args/--no-args", help="Keep the arguments: they may be secret.")
        ],
        True,
    ),
)


@taking(_SPAN, DESTINATION)
def span(ctx: typer.Context, taken: Taken) -> int:
    """Run a command and send it as a span; returns what the command returns.

    The span continues TRACEPARENT, and the command gets it as its own. Whatever becomes of the
    export is said on stderr and changes nothing.
    """
    from otx.model.signal import Signal
    from otx.services.send_span import SpanPlan, child_variables, place_of, span_request
    from otx.system.child import run_child

    environment: Environment = ctx.obj
    if not taken["command"]:
        raise UsageError("no command to run", hint="otx send span --name deploy -- make deploy")
    plan = SpanPlan(
        tuple(taken["command"]),
        taken["name"],
        taken["kind"],
        taken["args"],
        attribute_pairs(taken["attr"]),
        attribute_pairs(taken["resource"]),
    )
    check_flags(Signal.TRACES, taken)
    place = place_of(environment.variables)
    ended = run_child(plan.words, child_variables(environment.variables, place))
    now = environment.clock()
    remarks = Remarks(environment)
    if ended.cannot_start:
        remarks.error(UsageError(f"cannot run {plan.words[0]}: {ended.cannot_start}"))
    if place.problem:
        remarks.warning(f"{place.problem}: the span begins a trace of its own")
    if place.context.sampled is False:
        remarks.note("the caller's trace is not sampled: the span is not sent")
        return ended.code
    body = span_request(plan, place, ended, now, environment.variables)
    try:
        # What variables and settings say in vain is told here: it must not keep CMD from running.
        _export(destination(environment, Signal.TRACES, taken), body)
    except KeyboardInterrupt:
        remarks.warning("the span was not sent: interrupted")
    except OtxError as error:
        remarks.warning(f"the span was not sent: {error.message}", error.hint)
    return ended.code


def _export(where: Destination, body: bytes) -> None:
    """Send the span.

    Raises:
        OtxError: It was not accepted.
    """
    from otx.errors import PeerError
    from otx.model.signal import Signal
    from otx.otlp.exporter.client import Outcome
    from otx.services.send import connect
    from otx.services.send_delivery import send_one, unreachable

    with connect(where.endpoint, where.compression) as client:
        reply = send_one(client, Signal.TRACES, body, where.timeout_s)
    if reply.outcome is Outcome.UNREACHABLE:
        raise unreachable(str(where.endpoint), reply)
    if reply.outcome is not Outcome.ACCEPTED or reply.rejected:
        raise PeerError(f"{where.endpoint} says: {reply.message or 'rejected'}")
