"""`otx profile`: where running programs spend their time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from otx.commands import command_app, profile_live, profile_self_test
from otx.commands import profile_options as flags
from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError

if TYPE_CHECKING:
    from otx.model.profile import Profile
    from otx.profile.cgroups import Cgroup
    from otx.profile.options import SamplingOptions
    from otx.profile.targets import Target
    from otx.services.recording import OpenFeed

app = command_app(help="Sample running programs with eBPF.")

_EXAMPLES = """\b
Examples:
  otx profile --pid 4242 -d 10s
  otx profile --pid 4242 -o out.folded
  otx profile --pid 4242 --live
  otx profile --pid 4242 --event offcpu -d 10s
  otx profile --container 3f1c9a -d 10s -o shop.pprof
  otx profile -F 499 --lines -- python3 script.py
"""


@app.command(epilog=_EXAMPLES)
def profile(
    ctx: typer.Context,
    command: flags.Command = None,
    pid: flags.Pids = None,
    comm: flags.Comms = None,
    cgroup: flags.Cgroups = None,
    container: flags.Containers = None,
    everything: flags.Everything = False,
    children: flags.Children = True,
    event: flags.Event = "cpu",
    min_block: flags.MinBlock = None,
    frequency: flags.Frequency = None,
    duration: flags.Duration = None,
    form: flags.Form = None,
    out: flags.Out = "-",
    export: flags.Export = None,
    store: flags.Store = None,
    unwind: flags.Unwind = "auto",
    kernel: flags.Kernel = True,
    threads: flags.Threads = False,
    lines: flags.Lines = False,
    runtime: flags.Runtime = "auto",
    max_overhead: flags.MaxOverhead = 1.0,
    backend: flags.Backend = "auto",
    live: flags.Live = False,
    self_test: flags.SelfTest = False,
) -> int:
    """Sample running programs with eBPF."""
    from otx.profile.options import SamplingOptions
    from otx.services.recording import Recording
    from otx.services.sampling import SamplingRequest

    rate = frequency or _configured_frequency(ctx)
    duration_ns = _duration_ns(duration)
    groups = _groups(cgroup or (), container or ())
    target = _target(pid or (), children, everything, comm or (), groups)
    has_target = bool(target.pids or target.choice or command)
    if self_test:
        _refuse_target(has_target, live)
        return profile_self_test.run(ctx.obj, rate, duration_ns, form, out, max_overhead / 100)
    if not has_target:
        raise UsageError("nothing to sample", hint="otx profile --pid N, or otx profile -- CMD")
    if live:
        profile_live.require_terminal(ctx.obj)
    chosen = _writable_format(ctx.obj, form, out)
    options = SamplingOptions(
        event=event,
        min_block_ns=_min_block_ns(min_block, event),
        frequency_hz=rate,
        unwind=unwind,
        kernel=kernel,
        threads=threads,
        lines=lines,
        python=runtime == "auto",
        max_overhead=max_overhead / 100,
    )
    recording = Recording(
        ctx.obj,
        SamplingRequest(target, options, backend),
        command=tuple(command or ()),
        duration_ns=duration_ns,
        open_feed=_open_feed(ctx.obj, export, store, options),
        screen=profile_live.screen(ctx.obj) if live else None,
    )
    return recording.run(_writer(ctx.obj, out, chosen))


def _refuse_target(has_target: bool, live: bool) -> None:
    if has_target:
        raise UsageError("--self-test has a target of its own", hint="leave the others out")
    if live:
        raise UsageError("--self-test has no picture to show", hint="leave --live out")


def _target(
    pids: Sequence[int],
    children: bool,
    everything: bool,
    comms: Sequence[str],
    groups: "tuple[Cgroup, ...]",
) -> "Target":
    from otx.profile.choice import Choice
    from otx.profile.targets import Target

    return Target(tuple(pids), children, Choice(everything, tuple(comms), groups))


def _groups(paths: Sequence[str], containers: Sequence[str]) -> "tuple[Cgroup, ...]":
    """The control groups of paths and of containers."""
    if not paths and not containers:
        return ()
    from otx.profile.cgroups import find_cgroup
    from otx.profile.containers import find_container

    return (*map(find_cgroup, paths), *(find_container(one).cgroup for one in containers))


def _configured_frequency(ctx: typer.Context) -> int:
    value = Config(ctx.obj).get("profile.frequency")
    if not value.text.isdigit() or not 1 <= int(value.text) <= flags.MAX_FREQUENCY_HZ:
        raise UsageError(
            f"profile.frequency is {value.text!r} ({value.origin})",
            hint=f"a whole number from 1 to {flags.MAX_FREQUENCY_HZ}",
        )
    return int(value.text)


def _open_feed(
    environment: Environment, export: str | None, store: str | None, options: "SamplingOptions"
) -> "OpenFeed | None":
    """What samples are given to; that it can be is found out before anything is sampled."""
    if export is None and store is None:
        return None
    from otx.profile.events import VALUE_TYPES
    from otx.services.profile_feed import feed_opener  # 40 ms: OTLP's messages

    store_dir = None if store is None else Config(environment).store_dir(store)
    rate, kind = options.frequency_hz, VALUE_TYPES[options.event]
    return feed_opener(environment, export, store_dir, rate, threads=options.threads, kind=kind)


def _min_block_ns(min_block: str | None, event: str) -> int:
    from otx.model.units import parse_duration_ns

    if min_block is None:
        return 0
    if event not in ("offcpu", "wall"):
        raise UsageError(
            f"--min-block is of waits, and --event {event} has none",
            hint="--event offcpu or wall",
        )
    return parse_duration_ns(min_block)


def _duration_ns(text: str | None) -> int | None:
    from otx.model.units import parse_duration_ns

    duration_ns = None if text is None else parse_duration_ns(text)
    if duration_ns is not None and duration_ns <= 0:
        raise UsageError("--duration 0 samples nothing", hint="leave it out to go on until Ctrl-C")
    return duration_ns


def _writer(environment: Environment, out: str, form: str) -> "Callable[[Profile], None]":
    from otx.output import Output
    from otx.profile.formats import write_profile

    return lambda profile: Output(environment, out).binary(write_profile(profile, form))


def _writable_format(environment: Environment, form: str | None, out: str) -> str:
    """The format to write, once it is known that it can be."""
    from otx.profile.formats import BINARY, choose_format

    chosen = choose_format(form, out)
    if chosen in BINARY and out == "-" and environment.stdout_is_terminal:
        raise UsageError(f"{chosen} is not for a terminal", hint="-o FILE, or into a pipe")
    _require_writable(out)
    return chosen


def _require_writable(out: str) -> None:
    """Refuse a place that cannot be written before anything is sampled for it."""
    import os
    from pathlib import Path

    folder = Path(out).absolute().parent
    if out != "-" and Path(out).is_dir():
        raise UsageError(f"cannot write {out}: it is a folder", hint="-o takes a file, or -")
    if out != "-" and not os.access(folder, os.W_OK):
        raise UsageError(
            f"cannot write {out}: no folder {folder} that may be written",
            hint="-o takes a file in a folder that exists, or -",
        )
