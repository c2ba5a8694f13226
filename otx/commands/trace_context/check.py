"""`otx trace-context check`: how a service treats trace context, and one that does it right."""

from typing import Annotated, Literal

import typer

from otx.commands.trace_context.options import Form, Out, StrictLevel, level_of
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import NS_PER_S, parse_duration_ns

Listen = Annotated[
    str | None,
    typer.Option(
        "--listen", metavar="HOST:PORT", help="Where to be called back; any free port if left out."
    ),
]
Callback = Annotated[
    str | None,
    typer.Option(
        "--callback",
        metavar="URL",
        help="The listener as the service reaches it, from a container.",
    ),
]


def check(
    ctx: typer.Context,
    url: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="The service, such as http://127.0.0.1:8080/."),
    ] = None,
    echo: Annotated[
        str | None,
        typer.Option(
            "--echo",
            metavar="HOST:PORT",
            help="Be a conforming service there, and answer other requests with what they carry.",
        ),
    ] = None,
    strict_level: StrictLevel = 2,
    mode: Annotated[
        Literal["auto", "callback", "response"],
        typer.Option("--mode", help="What to judge: calls that the service makes, or responses."),
    ] = "auto",
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="D", help="How long one case may take.")
    ] = "5s",
    listen: Listen = None,
    callback: Callback = None,
    form: Form = "text",
    out: Out = "-",
) -> int:
    """Send a service valid and broken headers, and judge what it sends on.

    The service is asked as W3C's test suite does it: a POST whose body is a list of objects with a
    url to call each. Where it calls nobody, what its responses show is judged. The exit code is 1
    where a rule is broken that binds (MUST), 3 where nobody answers. `--echo` runs until Ctrl-C.
    """
    environment: Environment = ctx.obj
    if (url is None) == (echo is None):
        raise UsageError("check takes a URL, or --echo", hint="check http://127.0.0.1:8080/")
    level = level_of(strict_level)
    if echo is not None:
        from otx.services.context_check.echo import EchoOptions, run_echo  # 70 ms

        return run_echo(environment, EchoOptions(echo, level, form, out))
    from otx.services.context_check.run import CheckOptions, run_check  # 70 ms

    limit_s = parse_duration_ns(timeout) / NS_PER_S
    if limit_s <= 0:
        raise UsageError("--timeout takes more than 0")
    options = CheckOptions(url or "", mode, level, limit_s, listen, callback, form, out)
    return run_check(environment, options)
