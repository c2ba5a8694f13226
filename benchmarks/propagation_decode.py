"""What decoding a trace context header costs: in process, as a stream, and as a whole command.

In process: the time of `decode_headers` on one request, divided by its headers, least of several
rounds (neighbours only add). As a stream: headers a second of `otx trace-context decode --each`,
start of the process included. As a command: one header, JSON out, beside `python -c pass` and
`otx config show`, runs alternating; modules come from compiled caches, as they do from the second
run of an installation on. The aims are 15 µs, 30 000 headers/s and 80 ms.

    python benchmarks/propagation_decode.py [--lines N] [--runs N]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path

from otx.propagation.decoding import decode_headers

AIM_US, AIM_PER_S, AIM_MS = 15, 30_000, 80
OTX = str(Path(sys.executable).with_name("otx"))
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = ("traceparent", f"00-{TRACE}-{SPAN}-03")
STATE = ("tracestate", "congo=t61rcWkgMzE,ot=th:8,dd=s:1;o:rum;t.dm:-4")
REQUESTS: dict[str, list[tuple[str, str]]] = {
    "traceparent": [PARENT],
    "traceparent, broken": [("traceparent", f"00-{TRACE}-{SPAN}-0x")],
    "with tracestate": [PARENT, STATE],
    "with tracestate, baggage": [PARENT, STATE, ("baggage", "userId=alice,serverNode=DF%2028")],
    "b3": [("b3", f"{TRACE}-{SPAN}-1")],
    "b3, several headers": [
        ("X-B3-TraceId", TRACE),
        ("X-B3-SpanId", SPAN),
        ("X-B3-Sampled", "1"),
    ],
    "uber-trace-id": [("uber-trace-id", f"{TRACE}:{SPAN}:0:1")],
    "X-Amzn-Trace-Id": [
        ("X-Amzn-Trace-Id", f"Root=1-5759e988-{TRACE[:24]};Parent={SPAN};Sampled=1")
    ],
}


def in_process(headers: list[tuple[str, str]]) -> float:
    """The least time a header in microseconds."""
    rounds = timeit.repeat(lambda: decode_headers(headers), number=2_000, repeat=15)
    return 1e6 * min(rounds) / 2_000 / len(headers)


def with_caches(folder: Path) -> dict[str, str]:
    """The environment of a process that finds and keeps compiled modules."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def as_stream(lines: int, folder: Path) -> float:
    """Headers a second of the best of three runs."""
    headers = folder / "headers"
    headers.write_text(f"traceparent: 00-{TRACE}-{SPAN}-01\n" * lines, encoding="utf-8")
    best_s = float("inf")
    for _ in range(3):
        started_s = time.perf_counter()
        with headers.open("rb") as stdin:
            subprocess.run(
                [OTX, "trace-context", "decode", "--each"],
                stdin=stdin,
                stdout=subprocess.DEVNULL,
                check=True,
                env=with_caches(folder),
            )
        best_s = min(best_s, time.perf_counter() - started_s)
    return lines / best_s


def as_commands(runs: int, folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each run of each command."""
    header = f"traceparent: {PARENT[1]}"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "otx config show": [OTX, "config", "show"],
        "decode, JSON": [OTX, "trace-context", "decode", "--format", "json", header],
        "decode, text": [OTX, "trace-context", "decode", header],
        "convert": [OTX, "trace-context", "convert", header, "--to", "jaeger"],
    }
    environment = with_caches(folder)
    figures: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            started_s = time.perf_counter()
            subprocess.run(
                command,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
            figures[name].append(1e3 * (time.perf_counter() - started_s))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=21)
    arguments = parser.parse_args()
    print(f"{'request':26} µs a header   (aim {AIM_US})")
    for name, headers in REQUESTS.items():
        print(f"{name:26} {in_process(headers):6.1f}")
    with tempfile.TemporaryDirectory() as folder:
        rate = as_stream(arguments.lines, Path(folder))
        figures = as_commands(arguments.runs, Path(folder))
    print(f"\ndecode --each              {rate:,.0f} headers/s   (aim {AIM_PER_S:,})")
    base = statistics.median(figures["python -c pass"])
    print(f"\n{'command':18} {'wall ms':>8} {'least':>7}  × python   (aim {AIM_MS} ms)")
    for name, times in figures.items():
        wall = statistics.median(times)
        print(f"{name:18} {wall:8.1f} {min(times):7.1f}  {wall / base:.2f}")


if __name__ == "__main__":
    main()
