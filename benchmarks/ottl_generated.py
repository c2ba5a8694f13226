"""OTTL as closures beside the Python that a generator could write for the same statements.

The generated function is put together here from what was written by hand for each of the ten
statements, as well as it can be: one function that runs over all records, with paths, literals,
comparisons and small editors in line, attributes looked up once, and the larger functions called.
It does and fails as the closures do; the bytes are compared. What it gains is the most that
generating code could gain.

Both run in turns on the same slices of a batch, each at its best, so that what else the machine
does hardly shows; then each statement alone. Run: `python benchmarks/ottl_generated.py [ROUNDS]`.
"""

import gc
import json
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from otx.__main__ import GC_THRESHOLD
from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.coerce import text, text_like
from otx.ottl.contexts.spans import SPAN
from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.go_json import parse_json
from otx.ottl.keys import read_result
from otx.ottl.patterns import compile_regex
from otx.ottl.program import (
    CompiledStatement,
    Failure,
    Outcome,
    compile_statement,
    fail,
    run_statements,
    words,
)
from otx.ottl.substitution import contains, parse_template, replacer
from otx.ottl.values import storable, wrap_int64

DATA = Path(__file__).parents[1] / "tests" / "data" / "ottl"
SPANS, SLICE, ROUNDS = 1_000, 50, 60
FAILED = (ExecutionError, RecursionError)
Run: TypeAlias = Callable[[Sequence[Any], Outcome], None]

IN_LINE = [
    """
    if item.kind == 2:
        record.attributes["k"] = "v"
    """,
    """
    attributes = record.attributes
    if "http.request.header.authorization" in attributes:
        del attributes["http.request.header.authorization"]
    """,
    """
    value = attributes.get("url.full")
    if type(value) is str:
        value = replace_token(value)
        if value is not None:
            attributes["url.full"] = value
    """,
    """
    value = replace_id(str(item.name, "utf-8", "surrogateescape"))
    if value is not None:
        item.name = value.encode("utf-8", "surrogateescape")
    """,
    """
    value = attributes.get("payload")
    if value is not None and value != b"":
        value = parse_json(value if type(value) is str else text(value))
        if type(value) is dict and "user" in value:
            value = value["user"]
        else:
            value = read_result(value, ("user",))
        kind = type(value)
        if kind is str or kind is int or kind is bool or kind is float:
            attributes["payload.user"] = value
        else:
            attributes["payload.user"] = storable(value)
    """,
    "run_5(record)",
    """
    begun, ended = item.start_time_unix_nano, item.end_time_unix_nano
    if wrap_int64(wrap_int64(ended) - wrap_int64(begun)) > 100000000:
        attributes["slow"] = True
    """,
    """
    value = attributes.get("http.response.status_code")
    if value is not None:
        if contains(server_error, value if type(value) is str else text_like(value)):
            item.status.code = 2
    """,
    "run_8(record)",
    "run_9(record)",
]
"""What each statement comes to; `run_…` is what its editor was compiled to."""


def functions_called(statements: Sequence[CompiledStatement]) -> dict[str, Any]:
    token, id_ = compile_regex("token=[^&]+"), compile_regex("/[0-9]+")
    return {
        "replace_token": replacer(token, parse_template("token=REDACTED", token)),
        "replace_id": replacer(id_, parse_template("/{id}", id_)),
        "server_error": compile_regex("^5[0-9][0-9]$"),
        "run_5": statements[5].run,
        "run_8": statements[8].run,
        "run_9": statements[9].run,
        **{one.__name__: one for one in (contains, parse_json, read_result, storable)},
        **{one.__name__: one for one in (text, text_like, wrap_int64)},
    }


def generated(statements: Sequence[CompiledStatement]) -> Run:
    """The function of the first statements of the ten, made from its source."""

    def failed(number: int, record: Any, error: Exception, outcome: Outcome) -> None:
        fail(Failure(statements[number].text, record, words(error)), "propagate", outcome)

    names = {**functions_called(plan("ten")), "failed": failed, "Failed": FAILED}
    lines = ["record.cache = None", "item = record.item"]
    for number in range(len(statements)):
        body = textwrap.dedent(IN_LINE[number]).strip()
        handler = f"    failed({number}, record, error, outcome)"
        lines += ["try:", textwrap.indent(body, "    "), "except Failed as error:", handler]
    loop = "for record in records:\n" + textwrap.indent("\n".join(lines), "    ")
    exec("def run(records, outcome):\n" + textwrap.indent(loop, "    "), names)
    made: Run = names["run"]
    return made


def plan(name: str) -> list[CompiledStatement]:
    config = json.loads((DATA / "bench_statements.json").read_text())
    texts = config["transform"]["trace_statements"][: 1 if name == "simple" else None]
    functions = FunctionSet("transform")
    return [compile_statement(one, SPAN, functions, needs_prefix=True) for one in texts]


def closures(statements: Sequence[CompiledStatement]) -> Run:
    return lambda records, outcome: run_statements(statements, records, "propagate", outcome)


def best(ways: Sequence[Run], body: bytes, rounds: int, *, anew: bool = True) -> list[float]:
    """Seconds a span of each way, slice by slice at its best.

    Args:
        ways: What is run in turns.
        body: The batch.
        rounds: How many turns.
        anew: Whether each way gets the batch as it is, or as the way before left it.
    """
    least = [[1.0] * (SPANS // SLICE) for _ in ways]
    for _ in range(rounds):
        records = opened(body)
        for way, times in zip(ways, least, strict=True):
            for number in range(SPANS // SLICE):
                part = records[number * SLICE : (number + 1) * SLICE]
                begun = time.perf_counter()
                way(part, Outcome())
                times[number] = min(times[number], time.perf_counter() - begun)
            records = opened(body) if anew else records
    return [sum(times) / SPANS for times in least]


def opened(body: bytes) -> list[Any]:
    return list(Batch(Signal.TRACES, body).items())


def name_attributes(records: Sequence[Any], _: Outcome) -> None:
    """What the first statement that names an attribute brings with it."""
    for record in records:
        record.attributes  # noqa: B018 - looking is what takes the time


def print_parts(statements: Sequence[CompiledStatement], body: bytes, rounds: int) -> None:
    """What each statement takes of its own, as closures."""
    ways = [name_attributes, *[closures([one]) for one in statements]]
    texts = ["(the keys of the attributes)", *[one.text for one in statements]]
    for spent, shown in zip(best(ways, body, rounds, anew=False), texts, strict=True):
        print(f"{spent * 1e6:8.2f}  {shown}")


def written(way: Run, body: bytes) -> bytes:
    batch = Batch(Signal.TRACES, body)
    way(list(batch.items()), Outcome())
    return batch.close()


def main() -> None:
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])  # as every command does
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    body = (DATA / "bench_batch.pb").read_bytes()
    print(f"{'µs a span':12}{'closures':>10}{'generated':>11}{'gain':>7}")
    for name in ("simple", "ten"):
        statements = plan(name)
        ways = [closures(statements), generated(statements)]
        if len({written(way, body) for way in ways}) != 1:
            raise SystemExit(f"{name}: the two ways do not write the same bytes")
        slow, fast = best(ways, body, rounds)
        print(f"{name:12}{slow * 1e6:10.2f}{fast * 1e6:11.2f}{1 - fast / slow:7.0%}")
    print_parts(plan("ten"), body, rounds)


if __name__ == "__main__":
    main()
