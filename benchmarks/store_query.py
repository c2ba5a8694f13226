"""What questions cost on a store of many spans: the answers a screen waits for.

Fills a store over one hour of spans, or over one for each million, converts, merges and indexes it
as the converter does, says what takes its bytes, then asks each question several times in this
process. Run:
`python benchmarks/store_query.py [SPANS]`; the default is small, 1000000 is the size that is aimed
for, and ten times as many say whether cost grows with the store.
"""

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.corpus import trace_request
from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.layout import Layout
from otx.store.reader import Store
from otx.store.search import parse_search
from otx.store.upkeep import GRACE_NS, index_one, merge_small, remove_retired
from otx.store.wal import LogWriter

HOUR_NS = 3600 * 10**9
START_UNIX_NANO = 1_790_000_000_000_000_000
SPANS_A_REQUEST = 1000
SPANS_AN_HOUR = 1_000_000
ROUNDS = 7


def lasts_ns(spans: int) -> int:
    """How long the store's time is: the rate stays the same beyond a million spans."""
    return HOUR_NS * max(spans // SPANS_AN_HOUR, 1)


def fill(store_dir: Path, spans: int) -> None:
    requests = max(spans // SPANS_A_REQUEST, 1)
    step = lasts_ns(spans) // requests
    conversion = Conversion(Layout(store_dir))
    with LogWriter(store_dir) as log:
        for seed in range(requests):
            body = trace_request(seed, SPANS_A_REQUEST, START_UNIX_NANO + seed * step, step)
            log.append(Signal.TRACES, body, time.time_ns()).result()
            if seed % 40 == 0:
                conversion.convert()
    while conversion.convert():
        pass
    while merge_small(conversion, time.time_ns()):
        pass
    while index_one(conversion):
        pass
    files, rows = len(conversion.manifest.segments), spans or 1
    size = sum(segment.bytes for segment in conversion.manifest.segments)
    remove_retired(conversion, time.time_ns() + 2 * GRACE_NS)
    whole = sum(path.stat().st_size for path in conversion.layout.segments.iterdir())
    print(
        f"{spans:,} spans in {files} segments, {size / rows:.1f} B a span on disk, "
        f"{whole / rows:.1f} with their indexes"
    )


def print_parts(segments: Path, spans: int) -> None:
    """What of a span takes how many bytes: columns, indexes, and what files need for themselves."""
    parts: Counter[str] = Counter()
    for path in segments.iterdir():
        size = path.stat().st_size
        if path.suffix != ".parquet":
            parts[f"index {path.suffix}"] += size
            continue
        footer = pq.read_metadata(path)
        for group in map(footer.row_group, range(footer.num_row_groups)):
            for column in map(group.column, range(footer.num_columns)):
                parts[column.path_in_schema.partition(".")[0]] += column.total_compressed_size
                size -= column.total_compressed_size
        parts["footers, Bloom filters"] += size
    shown = [f"{name} {size / spans:.1f}" for name, size in parts.most_common()]
    few = [one for one in shown if not one.endswith(" 0.0")]
    print(f"B a span: {', '.join(few)}; {len(shown) - len(few)} more columns less than 0.05 each")


def ask(name: str, question: Callable[[], object]) -> None:
    question()
    took = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        question()
        took.append((time.perf_counter() - before) * 1e3)
    print(f"{name:34} {statistics.median(took):8.1f} ms   ({min(took):.1f} – {max(took):.1f})")


def main(arguments: list[str]) -> None:
    spans = int(arguments[0]) if arguments else 100_000
    with tempfile.TemporaryDirectory() as directory:
        store_dir = Path(directory)
        fill(store_dir, spans)
        print_parts(Layout(store_dir).segments, spans)
        before = time.perf_counter()
        store = Store(store_dir)
        newest = store.traces(limit=50)
        print(f"{'open, first list':34} {(time.perf_counter() - before) * 1e3:8.1f} ms")
        since = START_UNIX_NANO + lasts_ns(spans) - HOUR_NS // 4
        user = parse_search("@user.id:u000042")
        ask("trace by id", lambda: store.trace(newest[-1].trace_id))
        ask("newest 50 traces", lambda: store.traces(limit=50))
        ask("services with p99, 15 min", lambda: store.services(since))
        ask("attribute search, 15 min", lambda: store.traces(user, since_unix_nano=since))
        ask("attribute search, all the time", lambda: store.traces(user))
        failed = parse_search("@http.response.status_code:500")
        ask(
            "search for a frequent value, 15 min",
            lambda: store.traces(failed, since_unix_nano=since),
        )
        ask("otx query, SELECT 1", lambda: list(store.query("SELECT 1").rows()))
        ask("version (is there anything new?)", store.version)


if __name__ == "__main__":
    main(sys.argv[1:])
