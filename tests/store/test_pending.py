"""A store of format 1, written by the otx of that time, becomes rows once and loses nothing.

tests/data/store_format_1 holds four requests of each signal, three of them converted: spans and
logs are rows there, metrics and profiles three raw segments. Each request of metrics has a sum
`orders` and a histogram `latency`, each of profiles one sample of `work` under `main`.
"""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from otx.model.signal import Signal
from otx.store.conversion import Conversion
from otx.store.errors import StoreNewer
from otx.store.layout import Layout
from otx.store.manifest import FORMAT, read_manifest
from otx.store.reader import Store
from otx.store.scan import open_scan
from otx.store.upkeep import Retention, expire, merge_small

OLD = Path(__file__).parents[1] / "data" / "store_format_1"
START = 1_790_000_000_000_000_000
EXPECTED = Counter(
    [("span", f"span-{n}") for n in range(4)]
    + [("log", f"log-{n}") for n in range(4)]
    + [("orders", str(n)) for n in range(4)]
    + [("latency", "0.5")] * 4
    + [("main>work", str(40 + n)) for n in range(4)]
)
ALL = """
    SELECT 'span', name FROM spans UNION ALL SELECT 'log', body FROM logs
    UNION ALL SELECT name, coalesce(value_int::VARCHAR, sum::VARCHAR) FROM metrics
    UNION ALL SELECT array_to_string(stack, '>'), pid::VARCHAR FROM samples"""


class Ended(BaseException):
    """Stands for the end of a process: nothing in otx catches it."""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A copy of the old store."""
    shutil.copytree(OLD, tmp_path / "store")
    return Layout(tmp_path / "store")


def rows(store: Store) -> Counter[tuple[str, str]]:
    return Counter(store.query(ALL).rows())


def test_readers_show_all_of_it_before_any_conversion(layout: Layout) -> None:
    store = Store(layout.root)
    assert rows(store) == EXPECTED
    assert store.lag().requests == 10, "six of them in raw segments"
    with open_scan(layout) as scan:
        assert len(list(scan.requests(Signal.PROFILES))) == 4
        assert sum(len(one.table) for one in scan.rows("metrics")) == 8


@pytest.mark.parametrize("batch_bytes", [1, 300, 1 << 20])
def test_conversion_makes_rows_of_it_once(layout: Layout, batch_bytes: int) -> None:
    store = Store(layout.root)
    conversion = Conversion(layout)
    while conversion.convert(batch_bytes):
        assert rows(store) == EXPECTED
    manifest = read_manifest(layout.manifest)
    assert json.loads(layout.manifest.read_bytes())["format"] == FORMAT
    assert manifest.of_kind("raw") == []
    assert {segment.kind for segment in manifest.segments} == {
        "spans",
        "logs",
        "metrics",
        "samples",
        "profiles",
    }
    assert not any(layout.segments.glob("raw-*"))
    assert sum(segment.rows for segment in manifest.of_kind("profiles")) == 4
    assert rows(Store(layout.root)) == EXPECTED
    assert Conversion(layout).convert() == 0


def test_a_process_that_ends_at_any_step_loses_and_doubles_nothing(layout: Layout) -> None:
    store = Store(layout.root)
    ended = True
    rounds = 0
    while ended:
        ended = False
        left = rounds % 41

        def step(name: str) -> None:
            nonlocal left, ended
            if left == 0:
                ended = True
                raise Ended(name)
            left -= 1

        try:
            conversion = Conversion(layout, step)
            while conversion.convert(150):
                pass
            while merge_small(conversion, START):
                pass
        except Ended:
            pass
        assert rows(store) == EXPECTED
        rounds += 1
    assert rounds > 10
    assert read_manifest(layout.manifest).of_kind("raw") == []


def test_a_raw_segment_that_expires_half_converted_is_gone_for_good(layout: Layout) -> None:
    conversion = Conversion(layout)
    conversion.convert(1)  # one request of the first raw segment
    assert list(conversion.manifest.positions)[-1].startswith("raw-")
    expire(conversion, Retention(age_ns=1), START + 1_000)
    assert not conversion.manifest.segments
    while conversion.convert():
        pass
    assert not [name for name in conversion.manifest.positions if name.startswith("raw-")]
    assert rows(Store(layout.root)) == Counter(
        [
            ("span", "span-3"),
            ("log", "log-3"),
            ("orders", "3"),
            ("latency", "0.5"),
            ("main>work", "43"),
        ]
    )


def test_a_damaged_raw_segment_costs_what_is_damaged(layout: Layout) -> None:
    path = layout.segments / "raw-000000000002.otxlog"
    path.write_bytes(path.read_bytes()[:-5])  # in its second request, of profiles
    conversion = Conversion(layout)
    while conversion.convert():
        pass
    expected = EXPECTED - Counter([("main>work", "41")])
    assert rows(Store(layout.root)) == expected
    assert conversion.manifest.aside_bytes > 0


def test_a_store_of_a_newer_otx_is_left_alone_and_said(layout: Layout) -> None:
    document = json.loads(layout.manifest.read_bytes())
    document["format"] = FORMAT + 1
    layout.manifest.write_text(json.dumps(document))
    for use in (lambda: Conversion(layout), lambda: rows(Store(layout.root))):
        with pytest.raises(StoreNewer, match=f"newer otx: its format is {FORMAT + 1}") as caught:
            use()
        assert "--store" in caught.value.hint
    assert (layout.segments / "raw-000000000001.otxlog").exists()
