"""A process that has imported a command, and runs it once it is told its arguments.

    python -m otx.standby receive

It reads one line, the arguments of `otx` as a JSON array; where its input ends before, so does it.
An agent keeps one at hand so that a new configuration does not wait for imports: 200 ms of them.
"""

import importlib
import json
import sys

from otx.cli import run
from otx.system.process import name_process

PRELOADED = {
    "receive": (
        "otx.commands.receive",
        "otx.otlp.address",
        "otx.otlp.receiver.grpc_server",
        "otx.otlp.receiver.http_server",
        "otx.services.receive",
    ),
}
"""Command -> what it imports when it is called."""


def main(command: str) -> int:
    """Wait for the arguments of a command and run it; its exit code."""
    for module in PRELOADED[command]:
        importlib.import_module(module)
    line = sys.stdin.readline()
    if not line:
        return 0
    name_process(f"otx-{command}")
    return run(json.loads(line))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
