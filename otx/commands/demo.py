"""`otx demo`: the whole tool on a small live shop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otx.commands import command_app
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import NS_PER_S, parse_duration_ns
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.services.demo import Demo

app = command_app(help="Run the whole tool on a small live shop, with no set-up.")

HEADLESS_DURATION = "10s"
INCIDENT_AFTER_S = 15.0


@app.command()
def demo(
    ctx: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Print a summary instead of opening the screens.")
    ] = False,
    duration: Annotated[
        str | None, typer.Option("--duration", help="How long to run (10s without a screen).")
    ] = None,
    incident: Annotated[
        bool, typer.Option("--incident", help="Let something go wrong, after 15 seconds at most.")
    ] = False,
    keep: Annotated[
        str | None, typer.Option("--keep", help="Keep what arrived in this directory.")
    ] = None,
) -> int:
    """Run the whole tool on a small live shop, with no set-up."""
    from otx.services.demo import Demo, DemoOptions

    environment: Environment = ctx.obj
    is_headless = headless or not environment.is_interactive
    length = duration or (HEADLESS_DURATION if is_headless else None)
    duration_s = parse_duration_ns(length) / NS_PER_S if length else None
    if duration_s is not None and duration_s <= 0:
        raise UsageError("--duration has to be above 0")
    options = DemoOptions(
        keep=Path(keep).absolute() if keep else None,
        incident_after_s=_incident_after_s(duration_s) if incident else None,
    )
    if is_headless:
        return _run_headless(environment, Demo(environment, options), duration_s)
    return _run_screens(environment, Demo(environment, options), duration_s)


def _incident_after_s(duration_s: float | None) -> float:
    """When the incident begins: early enough in a short run to be seen against what was before."""
    return INCIDENT_AFTER_S if duration_s is None else min(INCIDENT_AFTER_S, duration_s / 3)


def _run_screens(environment: Environment, demo: "Demo", duration_s: float | None) -> int:
    # The shop and the profiler are at work while Textual is imported (170 ms).
    with demo as running:
        from otx.tui.launch import TuiOptions, run_tui

        options = TuiOptions(
            running.store_dir,
            profile=running.profile,
            profile_missing=running.profile_missing,
            duration_s=duration_s,
        )
        return run_tui(environment, options)


def _run_headless(environment: Environment, demo: "Demo", duration_s: float | None) -> int:
    from otx.services.demo_summary import gather, lines
    from otx.store.reader import Store
    from otx.system.stop import StopSignal

    remarks = Remarks(environment)
    with StopSignal() as stop, demo as running:
        remarks.note(
            f"otx demo: a shop of {len(running.shop.pids)} processes sends to "
            f"{running.receiver.http} (HTTP), {running.receiver.grpc} (gRPC); Ctrl-C ends it"
        )
        if running.profile_missing:
            remarks.warning(running.profile_missing.message, running.profile_missing.hint)
        stop.wait(duration_s)
        snapshot = running.profile.snapshot() if running.profile else None
        running.finish_shopping()
        reason = running.profile_missing.message if running.profile_missing else ""
        findings = gather(Store(running.store_dir), snapshot, reason)
    Output(environment).text("\n".join(lines(findings)))
    return 0
