"""A process that has imported a command, and runs it once it is told its arguments.

    python -m otx.standby receive transform

The words say what is imported (`PRELOADED`). It reads one line, the arguments of `otx` as a JSON
array; where its input ends before, so does it. An agent keeps some at hand so that a new
configuration does not wait for imports: 200 ms for the receiver, 300 ms more for OTTL.
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
    "transform": (
        "otx.ottl.processors.steps",
        "otx.services.receive_transform",
        "otx.services.transform_rules",
    ),
    "check": ("otx.commands.ottl.check", "otx.ottl.checking"),
}
"""Word -> what is imported for it: a command, what it does with `--transform`, `otx ottl check`."""

EXAMPLE = """\
transform/example:
  trace_statements:
    - 'set(span.attributes["a"], Concat([span.name, "b"], "-")) where IsMatch(span.name, "^c")'
    - 'replace_pattern(resource.attributes["a"], "b", "c")'
"""
"""Has OTTL load what it loads when the first statement is compiled: tables and functions."""


def main(words: list[str]) -> int:
    """Wait for the arguments of a command and run it; its exit code."""
    for word in words:
        for module in PRELOADED[word]:
            importlib.import_module(module)
    if "transform" in words:
        _compile_example()
    if "check" in words:
        _check_example()
    line = sys.stdin.readline()
    if not line:
        return 0
    arguments = json.loads(line)
    name_process(f"otx-{arguments[0]}")
    return run(arguments)


def _compile_example() -> None:
    from otx.ottl.functions.registry import FunctionSet  # as much as the receiver
    from otx.ottl.plan_source import plan_of_source
    from otx.ottl.source import read_source

    functions = FunctionSet("", frozenset(), True)
    plan_of_source(read_source(EXAMPLE, "example", {}), functions, statements_mode="ignore")


def _check_example() -> None:
    from otx.ottl.checking import check_source  # 300 ms
    from otx.ottl.functions.registry import FunctionSet
    from otx.ottl.source import read_source

    check_source(read_source(EXAMPLE, "example", {}), FunctionSet("", frozenset(), True))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
