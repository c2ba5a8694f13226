"""Which commands there are, and where each lives: read without importing any of them."""

import importlib
from typing import Any

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("otx.commands.demo", "Run the whole tool on a small live shop, with no set-up."),
    "doctor": (
        "otx.commands.doctor",
        "Say what this machine can do, and how to mend what it can't.",
    ),
    "profile": ("otx.commands.profile", "Sample running programs with eBPF."),
    "dump": ("otx.commands.dump", "Show every thread's stack now, without stopping the process."),
    "flame": ("otx.commands.flame", "Open, convert and compare profiles of any form."),
    "receive": ("otx.commands.receive", "Receive OTLP over gRPC and HTTP and keep it."),
    "ottl": ("otx.commands.ottl", "Run, test and explain OTTL without a Collector."),
    "send": ("otx.commands.send", "Send OTLP to a receiver."),
    "trace": ("otx.commands.trace", "List and show traces from a store."),
    "trace-context": (
        "otx.commands.trace_context",
        "Settle what a trace context header says.",
    ),
    "agent": ("otx.commands.agent", "Run an agent that an OpAMP server manages."),
    "opamp": ("otx.commands.opamp", "Serve, watch and test OpAMP."),
    "query": ("otx.commands.query", "Run read-only SQL over a store's tables."),
    "store": ("otx.commands.store", "Look after a store."),
    "tui": ("otx.commands.tui", "Watch traces, logs and flame graphs live in the terminal."),
    "config": ("otx.commands.config", "Show the configuration and where each value comes from."),
    "completion": ("otx.commands.completion", "Print the completion script of a shell."),
}
"""Command name -> (module with `app`, one-line summary)."""


def load_command(name: str) -> Any:
    """The command object of a name in `COMMANDS`, its module imported."""
    import typer  # 44 ms

    return typer.main.get_command(importlib.import_module(COMMANDS[name][0]).app)
