"""`otx send traces`, `metrics`, `logs` and `profiles`: made-up telemetry."""

from typing import TYPE_CHECKING

import typer

from otx.commands.send.destination import destination
from otx.commands.send.options import (
    DESTINATION,
    MADE_UP,
    Taken,
    attribute_pairs,
    request_bytes,
    retry_s,
    taking,
)
from otx.commands.send.probing import try_all
from otx.commands.send.summary import Screen, exit_code, tell
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.signal import Signal
from otx.model.units import parse_duration_ns, parse_rate_per_s

if TYPE_CHECKING:
    from otx.otlp.synthetic.source import Source
    from otx.services.send import SendOptions

_DEFAULT_COUNT = 100
_NS_PER_S = 1e9


@taking(DESTINATION, MADE_UP)
def traces(ctx: typer.Context, taken: Taken) -> int:
    """Send made-up traces: several services, some of which fail.

    Without --count, --rate and --duration, 100 spans are sent; with --rate alone, until Ctrl-C.
    """
    return _send(ctx.obj, Signal.TRACES, taken)


@taking(DESTINATION, MADE_UP)
def metrics(ctx: typer.Context, taken: Taken) -> int:
    """Send made-up metrics of every kind; data points are counted.

    Series go on where they were: what is cumulative grows. --depth says nothing here.
    """
    return _send(ctx.obj, Signal.METRICS, taken)


@taking(DESTINATION, MADE_UP)
def logs(ctx: typer.Context, taken: Taken) -> int:
    """Send made-up log records, with bodies of every type that a body may have."""
    return _send(ctx.obj, Signal.LOGS, taken)


@taking(DESTINATION, MADE_UP)
def profiles(ctx: typer.Context, taken: Taken) -> int:
    """Send made-up profiles of CPU time; samples are counted."""
    return _send(ctx.obj, Signal.PROFILES, taken)


def _send(environment: Environment, signal: Signal, taken: Taken) -> int:
    if taken["probe"]:
        return try_all(environment, signal, taken)
    from otx.services.send import send  # 60 ms

    options = _options(environment, signal, taken)
    sources = _sources(options, taken)
    with Screen(environment, options.count, options.duration_s) as screen:
        report = send(options, sources, screen.note, screen.progress)
    tell(report, taken["form"], taken["out"], environment)
    return exit_code(report, is_bounded=options.count is not None or taken["duration"] is not None)


def _options(environment: Environment, signal: Signal, taken: Taken) -> "SendOptions":
    from otx.services.send import SendOptions

    count, rate, duration = taken["count"], taken["rate"], taken["duration"]
    where = destination(environment, signal, taken)
    return SendOptions(
        signal=signal,
        endpoint=where.endpoint,
        rate_per_s=None if rate is None else _positive_rate(rate),
        count=count if count or rate or duration else _DEFAULT_COUNT,
        duration_s=None if duration is None else _some_time_s(duration),
        timeout_s=where.timeout_s,
        max_request_bytes=request_bytes(taken["max_request"]),
        compression=where.compression,
        retry_s=retry_s(taken["retry_for"]),
    )


def _sources(options: "SendOptions", taken: Taken) -> "list[Source]":
    """A source for each worker; the first one's is that of a single worker."""
    import random

    from otx.otlp.synthetic.shape import Shape
    from otx.otlp.synthetic.source import make_source

    shape = Shape(
        taken["services"],
        taken["depth"],
        taken["errors"],
        attribute_pairs(taken["attr"]),
        attribute_pairs(taken["resource"]),
    )
    seed = taken["seed"]
    return [
        make_source(
            options.signal,
            shape,
            random.Random(seed if seed is None or number == 0 else f"{seed}/{number}"),
            one.request_records,
            options.max_request_bytes,
        )
        for number, one in enumerate(options.shared(taken["workers"]))
    ]


def _positive_rate(text: str) -> float:
    rate_per_s = parse_rate_per_s(text)
    if rate_per_s <= 0:
        raise UsageError("--rate has to be above 0")
    return rate_per_s


def _some_time_s(text: str) -> float:
    duration_s = parse_duration_ns(text) / _NS_PER_S
    if duration_s <= 0:
        raise UsageError("--duration has to be above 0")
    return duration_s
