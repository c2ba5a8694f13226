"""The feed on a real store, a real receiver and a real profiler."""

import asyncio
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from textual.message import Message
from textual.pilot import Pilot

from otx.environment import Environment
from otx.errors import MachineError
from otx.profile.targets import Target
from otx.services.profiler import live_profile
from otx.services.receive_process import ReceiverProcess, start_receiver_process
from otx.services.sampling import SamplingRequest
from otx.system.bpf_support import probe_all
from otx.tui.app import OtxApp
from otx.tui.feed import Sources, StoreFeed
from otx.tui.snapshot import (
    Changed,
    FlameInterest,
    FlameView,
    LogsInterest,
    Snapshot,
    TracesInterest,
    TracesView,
)
from otx.tui.widgets.flame_graph import FlameGraph
from otx.tui.widgets.trace_list import TraceList
from otx.tui.widgets.waterfall import Waterfall
from tests.store.conftest import span_request_of
from tests.store.segments import converted

PATIENCE_S = 40.0
BURN = """
def burn():
    x = 0
    while True:
        x += 1
burn()
"""


@dataclass(frozen=True)
class Receiving:
    store_dir: Path
    process: ReceiverProcess


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiving]:
    """A receiver process with a store of its own."""
    store_dir = tmp_path_factory.mktemp("tui") / "store"
    process = start_receiver_process(store_dir)
    try:
        yield Receiving(store_dir, process)
    finally:
        process.stop()


@contextmanager
def watching(feed: StoreFeed) -> Iterator[Callable[[Callable[[Snapshot], bool]], Snapshot]]:
    """Opens a feed; gives a function that waits for a snapshot with a property."""
    arrived: queue.Queue[Changed] = queue.Queue()
    feed.open(arrived.put)

    latest = [Snapshot()]

    def until(wanted: Callable[[Snapshot], bool]) -> Snapshot:
        while not wanted(latest[0]):
            latest[0] = arrived.get(timeout=PATIENCE_S).snapshot
        return latest[0]

    try:
        yield until
    finally:
        feed.close()


class Watch:
    """Waits for what a screen shows, looking again after every message from the feed."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def hook(self, message: Message) -> None:
        if isinstance(message, Changed):
            self._news.set()

    async def until(self, pilot: Pilot[int], is_shown: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await pilot.pause()
            while not is_shown():
                await self._news.wait()
                self._news.clear()
                await pilot.pause()


def send_order(receiver: ReceiverProcess, service: str) -> str:
    """One trace of two spans, from the SDK through its own exporter; the trace's id."""
    provider = TracerProvider(resource=Resource({"service.name": service}))
    exporter = OTLPSpanExporter(f"http://{receiver.http}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("PlaceOrder") as root, tracer.start_as_current_span("charge"):
        trace_id = root.get_span_context().trace_id
    provider.shutdown()
    return f"{trace_id:032x}"


def has_trace(trace_id: str, spans: int) -> Callable[[Snapshot], bool]:
    def check(snapshot: Snapshot) -> bool:
        view = snapshot.view
        return (
            isinstance(view, TracesView)
            and any(row.trace_id == trace_id for row in view.rows)
            and view.trace is not None
            and len(view.trace.spans) == spans
        )

    return check


def answers(snapshot: Snapshot, search: str) -> bool:
    """Whether a snapshot is of a search that begins so, and not of what was asked before."""
    view = snapshot.view
    return isinstance(view, TracesView) and view.interest.search.startswith(search)


def test_rows_that_damage_hides_are_told(tmp_path: Path) -> None:
    converted(tmp_path, span_request_of("a", 3))
    manifest = converted(tmp_path, span_request_of("b", 2, trace=2)).manifest
    (tmp_path / "segments" / manifest.segments[0].name).unlink()
    feed = StoreFeed(Sources(tmp_path))
    feed.ask(TracesInterest())
    with watching(feed) as until:
        assert until(lambda snapshot: snapshot.status.damaged_rows > 0).status.damaged_rows == 3


def test_what_is_sent_is_seen_and_the_status_says_where(receiving: Receiving) -> None:
    feed = StoreFeed(Sources(receiving.store_dir))
    with watching(feed) as until:
        trace_id = send_order(receiving.process, "feed-orders")
        feed.ask(TracesInterest("service:feed-orders"))
        found = has_trace(trace_id, 2)
        snapshot = until(lambda snapshot: answers(snapshot, "service:") and found(snapshot))
        assert isinstance(snapshot.view, TracesView)
        assert snapshot.view.rows[0].root_name == "PlaceOrder"
        assert snapshot.view.trace is not None
        assert len(snapshot.view.trace.matching) == 2
        until(lambda snapshot: snapshot.status.http == receiving.process.http)
        feed.ask(LogsInterest("nothing-like-this"))
        until(lambda snapshot: snapshot.status.spans >= 2)


def test_a_search_is_checked_with_its_place(tmp_path: Path) -> None:
    feed = StoreFeed(Sources(tmp_path / "none"))
    fault = feed.check_search("checkout bogus:x", "spans")
    assert fault is not None
    assert (fault.position, "bogus" in fault.message) == (9, True)
    assert feed.check_search("severity:>=warn", "spans") is not None
    assert feed.check_search("severity:>=warn", "logs") is None
    assert feed.check_search("duration:>200ms -status:ok", "spans") is None


def test_a_store_that_is_not_there_is_empty_and_receives_nothing(tmp_path: Path) -> None:
    with watching(StoreFeed(Sources(tmp_path / "none"))) as until:
        snapshot = until(lambda snapshot: snapshot.view is not None)
        assert isinstance(snapshot.view, TracesView)
        assert (snapshot.view.rows, snapshot.view.trace) == ((), None)
        assert not snapshot.status.receives


def test_without_a_profiler_the_reason_is_passed_on(tmp_path: Path) -> None:
    reason = MachineError("BPF is not allowed here", hint="be root")
    feed = StoreFeed(Sources(tmp_path / "none", profile_missing=reason))
    feed.ask(FlameInterest())
    with watching(feed) as until:
        view = until(lambda snapshot: isinstance(snapshot.view, FlameView)).view
        assert isinstance(view, FlameView)
        assert (view.missing, view.hint) == ("BPF is not allowed here", "be root")


def test_a_damaged_store_is_said_and_the_feed_goes_on(tmp_path: Path) -> None:
    store_dir = tmp_path / "store"
    store_dir.mkdir()
    (store_dir / "MANIFEST.json").write_text("{ no manifest")
    with watching(StoreFeed(Sources(store_dir))) as until:
        assert until(lambda snapshot: bool(snapshot.status.fault)).status.fault
        (store_dir / "MANIFEST.json").unlink()
        until(lambda snapshot: not snapshot.status.fault)


async def test_a_trace_arrives_on_the_screen_while_one_looks(receiving: Receiving) -> None:
    app = OtxApp(StoreFeed(Sources(receiving.store_dir)))
    watch = Watch()
    async with app.run_test(size=(120, 36), message_hook=watch.hook) as pilot:
        await watch.until(pilot, lambda: isinstance(app.focused, TraceList))
        await pilot.press("slash", *"service:pilot-orders", "enter")
        trace_id = send_order(receiving.process, "pilot-orders")
        traces, fall = app.screen.query_one(TraceList), app.screen.query_one(Waterfall)
        await watch.until(pilot, lambda: list(traces.ids) == [trace_id])
        await pilot.press("home", "enter")
        await watch.until(pilot, lambda: len(fall.ids) == 2)
        await pilot.press("down")
        assert fall.row is not None
        assert fall.row.span is not None
        assert fall.row.span.name == "charge"


@pytest.mark.bpf
async def test_a_program_that_runs_is_seen_in_the_flame_graph(
    tmp_path: Path, environment: Environment
) -> None:
    missing = [probe for probe in probe_all() if not probe.ok]
    if missing:
        pytest.skip(f"{missing[0].name}: {missing[0].detail}")
    burner = subprocess.Popen([sys.executable, "-c", BURN])
    watch, running = Watch(), ExitStack()
    try:
        sampling = live_profile(environment, SamplingRequest(Target((burner.pid,))))
        profile = running.enter_context(sampling)
        app = OtxApp(StoreFeed(Sources(tmp_path / "store", profile)), first="flame")
        async with app.run_test(size=(120, 36), message_hook=watch.hook) as pilot:
            await watch.until(pilot, lambda: isinstance(app.focused, FlameGraph))
            graph = app.screen.query_one(FlameGraph)
            await watch.until(pilot, lambda: "burn" in names_of(graph))
            await pilot.press("slash", *"burn", "enter")
            assert graph.box.frame.name == "burn"
            assert graph.box.total > graph.picture.whole / 2
    finally:
        burner.kill()
        burner.wait()
        running.close()


def names_of(graph: FlameGraph) -> set[str]:
    return {box.frame.name for box in graph.picture.boxes()}
