"""`otx send replay`: what was recorded, once more."""

from typing import Annotated, Any

import typer

from otx.commands.send.destination import destination
from otx.commands.send.options import (
    DESTINATION,
    Out,
    RetryFor,
    SummaryForm,
    Taken,
    request_bytes,
    retry_s,
    taking,
)
from otx.commands.send.summary import Screen, exit_code, tell
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal

_REPLAY: tuple[tuple[str, Any, Any], ...] = (
    (
        "source",
        Annotated[
            str, typer.Argument(metavar="FILE|STORE", help="OTLP in any form, a store, or -.")
        ],
        "-",
    ),
    (
        "speed",
        Annotated[
            float | None,
            typer.Option(metavar="X", help="Times as fast as recorded (as fast as it goes)."),
        ],
        None,
    ),
    (
        "retime",
        Annotated[bool, typer.Option("--retime", help="Move all times so that it happens now.")],
        False,
    ),
    (
        "rewrite_ids",
        Annotated[
            bool, typer.Option("--rewrite-ids", help="New ids, with all relations as they were.")
        ],
        False,
    ),
    (
        "max_request",
        Annotated[
            str,
            typer.Option(metavar="SIZE", help="Larger requests are cut into several."),
        ],
        "4MiB",
    ),
    ("retry_for", RetryFor, "1m"),
    ("form", SummaryForm, "text"),
    ("out", Out, "-"),
)


@taking(_REPLAY, DESTINATION)
def replay(ctx: typer.Context, taken: Taken) -> int:
    """Send again what a file or a store holds, of all signals.

    Without --retime and --rewrite-ids the bytes are those that were recorded; only requests
    beyond --max-request are cut into several.
    """
    from otx.services.send import connect
    from otx.services.send_replay import ReplayOptions, Way
    from otx.services.send_replay import replay as send_again

    environment: Environment = ctx.obj
    if taken["speed"] is not None and not 0 < taken["speed"] < float("inf"):
        raise UsageError("--speed has to be above 0", hint="leave it out for as fast as it goes")

    def way_of(signal: Signal) -> Way:
        where = destination(environment, signal, taken)
        return Way(
            str(where.endpoint),
            lambda: connect(where.endpoint, where.compression),
            where.timeout_s,
        )

    options = ReplayOptions(
        taken["source"],
        taken["speed"],
        taken["retime"],
        taken["rewrite_ids"],
        retry_s(taken["retry_for"]),
        request_bytes(taken["max_request"]),
    )
    with Screen(environment) as screen:
        report = send_again(environment, options, way_of, screen.note, screen.progress)
    tell(report, taken["form"], taken["out"], environment)
    return exit_code(report, is_bounded=True)
