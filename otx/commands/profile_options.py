"""What `otx profile` takes on its command line, an option a name."""

from typing import Annotated, Literal, TypeAlias

import typer

MAX_FREQUENCY_HZ = 10_000
"""Beyond it a sample costs the target more than what lies between two."""

Command: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="[-- CMD...]", help="A command to run and sample.")
]
Pids: TypeAlias = Annotated[
    list[int] | None, typer.Option("--pid", help="A process to sample; repeatable.")
]
Comms: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--comm", metavar="NAME", help="Processes of this name, also later ones."),
]
Cgroups: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--cgroup", metavar="PATH", help="Processes in this control group and below."),
]
Containers: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--container", metavar="ID", help="A container's; the id's beginning will do."),
]
Everything: TypeAlias = Annotated[
    bool, typer.Option("--all", help="Every process, and the kernel's threads.")
]
Children: TypeAlias = Annotated[
    bool, typer.Option("--children/--no-children", help="Sample child processes too.")
]
EventName: TypeAlias = Literal["cpu", "offcpu", "wall", "alloc", "faults"]
"""Those of `otx.profile.events.Event`, which is not imported for them."""
Event: TypeAlias = Annotated[
    EventName,
    typer.Option(
        "--event",
        help="What to sample: time on processors (cpu); time off them, by cause (offcpu); both"
        " on one axis (wall); memory asked for (alloc, costs every malloc);"
        " page faults (faults).",
    ),
]
MinBlock: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--min-block", metavar="D", help="Leave out waits that are shorter; else all count."
    ),
]
Frequency: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "-F",
        "--frequency",
        min=1,
        max=MAX_FREQUENCY_HZ,
        help="Samples a second and processor (99).",
    ),
]
Backend: TypeAlias = Annotated[
    Literal["auto", "bpf", "bcc", "perf"],
    typer.Option(
        "--backend", help="What samples: BPF, BCC, or perf events (own processes, no root)."
    ),
]
Live: TypeAlias = Annotated[
    bool, typer.Option("--live", help="Show the flame graph in the terminal meanwhile.")
]
SelfTest: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--self-test", help="Measure what sampling costs here, and say what this machine has."
    ),
]
MaxOverhead: TypeAlias = Annotated[
    float,
    typer.Option(
        "--max-overhead",
        metavar="PERCENT",
        min=0.001,
        max=100,
        help="Sample less often where it takes more of the target's processor time (1).",
        show_default=False,
    ),
]
Duration: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "-d",
        "--duration",
        help="How long, as 10s; else until Ctrl-C, or 10s when stdout is no terminal.",
    ),
]
FormName: TypeAlias = Literal[
    "text",
    "folded",
    "pprof",
    "speedscope",
    "otlp",
    "otlp-json",
    "html",
    "svg",
    "json",
    "perf-script",
]
"""The names of `otx.profile.formats.FORMS`, which are not imported for them (15 ms)."""

Form: TypeAlias = Annotated[
    FormName | None,
    typer.Option("--format", help="The form; else from the ending of -o, else text."),
]
Out: TypeAlias = Annotated[str, typer.Option("-o", "--out", help="Where to write; - is stdout.")]
Export: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--export", metavar="URL", help="Send OTLP profiles there too, while they are taken."
    ),
]
Store: TypeAlias = Annotated[
    str | None, typer.Option("--store", metavar="S", help="Keep the samples in this store too.")
]
Kernel: TypeAlias = Annotated[bool, typer.Option("--kernel/--no-kernel", help="Kernel frames.")]
UnwindName: TypeAlias = Literal["auto", "fp", "dwarf"]
Unwind: TypeAlias = Annotated[
    UnwindName,
    typer.Option(
        "--unwind",
        help="Native stacks by unwind tables and, where code has none, frame pointers (auto);"
        " by frame pointers (fp); by tables (dwarf).",
    ),
]
Threads: TypeAlias = Annotated[
    bool, typer.Option("--threads", help="A root for each thread's name.")
]
Lines: TypeAlias = Annotated[
    bool, typer.Option("--lines", help="Line numbers of Python and Go frames.")
]
Runtime: TypeAlias = Annotated[
    Literal["auto", "none"], typer.Option("--runtime", help="Interpreters' frames.")
]
