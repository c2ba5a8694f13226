"""Samples given away while they are taken: as OTLP profiles, to a destination, to a store, or both.

The sampling thread only puts samples together; a thread of the feed makes requests of them and
waits for whoever takes them. Between the two is a short queue of batches. When it is full a batch
is lost and counted: a slow destination must not make the sampler hold more and more.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from otx.environment import Environment
from otx.errors import OtxError
from otx.model.profile import CPU, SAMPLES, Label, Profile, StackSample, ValueType
from otx.model.signal import Signal
from otx.model.stack import Frame, FrameKind, Sample
from otx.model.units import NS_PER_S, format_count
from otx.otlp.exporter.endpoint import Endpoint, resolve_endpoint
from otx.otlp.exporter.resource import resource_attributes
from otx.output import Remarks
from otx.profile.formats.otlp_write import write_otlp
from otx.profile.formats.perf_script import PID, TID
from otx.profile.formats.reading import SPAN_ID, THREAD, TRACE_ID
from otx.system.stop import StopSignal

BATCH_NS = 5 * NS_PER_S
BATCH_SAMPLES = 10_000
QUEUED_BATCHES = 8
_TIMEOUT_S = 10.0
_RETRY_S = 5.0
"""How long a batch is sent again: those behind it wait meanwhile."""


class Taker(Protocol):
    """Who takes requests."""

    def take(self, body: bytes, records: int) -> int:
        """Take a request of so many records; how many of them were lost."""

    def close(self) -> None:
        """Nothing comes any more."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """What samples of a feed have in common.

    Attributes:
        frequency_hz: Samples a second of a busy processor.
        root_kind: What a sample's comm names.
        kind: What the samples' values are.
        variables: Where a resource is described (`OTEL_RESOURCE_ATTRIBUTES`).
    """

    frequency_hz: int
    root_kind: FrameKind
    variables: Mapping[str, str]
    kind: ValueType = SAMPLES


class ProfileFeed:
    """Takes samples from one thread and gives them to its takers on another.

    Attributes:
        lost: Records that no room was left for or that a taker lost; whole after `close`.
        given: Records that went through.
    """

    def __init__(
        self,
        takers: Sequence[Taker],
        sampling: Sampling,
        note: Callable[[str], None],
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.lost = 0
        self.given = 0
        self._takers = takers
        self._sampling = sampling
        self._note = note
        self._clock = clock
        self._held: list[Sample] = []
        self._due_ns = clock() + BATCH_NS
        self._batches: queue.Queue[tuple[list[Sample], Sampling] | None] = queue.Queue(
            QUEUED_BATCHES
        )
        self._thread = threading.Thread(target=self._run, name="profile-feed", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, samples: Sequence[Sample]) -> None:
        """Hold samples, and hand them on when they are many or some seconds old."""
        self._held += samples
        if len(self._held) >= BATCH_SAMPLES or self._clock() >= self._due_ns:
            self._hand_on()

    def sample_at(self, frequency_hz: int) -> None:
        """Take what comes from now on for samples of another rate."""
        if frequency_hz != self._sampling.frequency_hz:
            self._hand_on()
            self._sampling = replace(self._sampling, frequency_hz=frequency_hz)

    def close(self) -> None:
        """Give what is held, and wait until all was taken or lost; again is nothing."""
        if not self._thread.is_alive():
            return
        self._hand_on()
        self._batches.put(None)
        self._thread.join()
        for taker in self._takers:
            taker.close()
        if self.lost:
            self._note(f"{format_count(self.lost)} samples were lost on their way out")

    def _hand_on(self) -> None:
        self._due_ns = self._clock() + BATCH_NS
        if not self._held:
            return
        try:
            self._batches.put_nowait((self._held, self._sampling))
        except queue.Full:
            self.lost += len(self._held)
        self._held = []

    def _run(self) -> None:
        while (batch := self._batches.get()) is not None:
            samples, sampling = batch
            body = write_otlp(batch_profile(samples, sampling))
            lost = max((taker.take(body, len(samples)) for taker in self._takers), default=0)
            self.lost += lost
            self.given += len(samples) - lost


def batch_profile(samples: Sequence[Sample], sampling: Sampling) -> Profile:
    """A profile of samples with their times, and what is known of whom each was."""
    period = round(NS_PER_S / sampling.frequency_hz)
    begin = min(sample.time_unix_nano for sample in samples)
    end = max(sample.time_unix_nano for sample in samples)
    of_cpu = sampling.kind == SAMPLES
    resources: dict[tuple[str, int], tuple[Label, ...]] = {}
    rows = []
    # What a process says with its first span is true of it from the beginning.
    said = {sample.pid: sample.resource for sample in samples if sample.resource}
    for sample in samples:
        process = (sample.comm, sample.pid)
        resource = resources.get(process)
        if resource is None:
            resource = resources[process] = _resource(
                sample.comm, said.get(sample.pid, {}), sampling.variables
            )
        rows.append(
            StackSample(
                (Frame(sample.comm, sampling.root_kind), *sample.stack),
                (sample.value, sample.value * period) if of_cpu else (sample.value,),
                (*resource, *_labels(sample, sampling.root_kind)),
                sample.time_unix_nano - begin,
            )
        )
    return Profile(
        (SAMPLES, CPU) if of_cpu else (sampling.kind,),
        rows,
        time_unix_nano=begin,
        duration_ns=end - begin + 1,
        period=period if of_cpu else 0,
        period_type=CPU if of_cpu else None,
    )


def _resource(
    comm: str, own: Mapping[str, str | int], variables: Mapping[str, str]
) -> tuple[Label, ...]:
    """What the environment says of a process, and over that what it says itself.

    Its id is left out: a process in a container knows another than the one it is sampled by.
    """
    said = {**resource_attributes(variables, comm), **own}
    said.pop(PID, None)
    return tuple(map(Label, said, said.values()))


def _labels(sample: Sample, root_kind: FrameKind) -> tuple[Label, ...]:
    labels = [Label(PID, sample.pid), Label(TID, sample.tid)]
    if sample.thread and root_kind != "thread":
        labels.append(Label(THREAD, sample.thread))
    if sample.trace_id:
        labels.append(Label(TRACE_ID, sample.trace_id))
    if sample.span_id:
        labels.append(Label(SPAN_ID, sample.span_id))
    return tuple(labels)


class Exported:
    """Sends requests to an OTLP destination, by the retry rules of the exporter."""

    def __init__(self, endpoint: Endpoint, stop: StopSignal, warn: Callable[[str], None]) -> None:
        from otx.services.send import connect
        from otx.services.send_delivery import Delivery
        from otx.services.send_report import SendReport

        self._client = connect(endpoint, "gzip")
        self._report = SendReport(noun="samples", endpoint=str(endpoint), asked_rate_per_s=None)
        self._delivery = Delivery(self._client, self._report, stop, warn, _TIMEOUT_S, _RETRY_S)
        self._warn = warn
        self._is_warned = False

    def take(self, body: bytes, records: int) -> int:
        """Send a request until it has a last answer; how many records were not accepted."""
        before = self._report.accepted
        try:
            self._delivery.deliver(Signal.PROFILES, body, records)
        except OtxError as error:
            self._say(error.message)
        # The report counts what a request is said to hold; of profiles that is samples.
        return records - (self._report.accepted - before)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _say(self, text: str) -> None:
        if not self._is_warned:
            self._warn(text)
        self._is_warned = True


class Stored:
    """Appends requests to a store's log, as a receiver does."""

    def __init__(
        self, store_dir: Path, clock: Callable[[], int], warn: Callable[[str], None]
    ) -> None:
        from otx.store.wal import LogWriter

        self._store_dir = store_dir
        self._log = LogWriter(store_dir, fsync="interval")
        self._clock = clock
        self._warn = warn

    def take(self, body: bytes, records: int) -> int:
        """Append a request; all of it is lost where the store takes no more."""
        try:
            self._log.append(Signal.PROFILES, body, self._clock()).result()
        except OtxError as error:
            self._warn(error.message)
            return records
        return 0

    def close(self) -> None:
        """Make all of it durable, and segments of it where no converter is at work."""
        from otx.services.store_import import convert_now

        self._log.close()
        try:
            convert_now(self._store_dir)
        except OtxError as error:
            self._warn(error.message)


def feed_opener(
    environment: Environment,
    export: str | None,
    store_dir: Path | None,
    rate: int,
    *,
    threads: bool,
    kind: ValueType = SAMPLES,
) -> Callable[[StopSignal, Remarks], ProfileFeed]:
    """What opens a feed to a destination, a store, or both.

    Args:
        environment: Where variables and the clock are.
        export: The destination of `--export`.
        store_dir: The store.
        rate: Samples a second of a busy processor.
        threads: Whether a sample's comm is its thread's.
        kind: What the samples' values are.

    Raises:
        UsageError: The destination is none.
    """
    endpoint = None
    if export is not None:
        endpoint = resolve_endpoint(
            Signal.PROFILES, environment.variables, export, endpoint_origin="--export"
        )
    sampling = Sampling(rate, "thread" if threads else "process", environment.variables, kind)

    def open_feed(stop: StopSignal, remarks: Remarks) -> ProfileFeed:
        warn = remarks.warning
        takers: list[Taker] = []
        if endpoint is not None:
            takers.append(Exported(endpoint, stop, warn))
        if store_dir is not None:
            takers.append(Stored(store_dir, environment.clock, warn))
        return ProfileFeed(takers, sampling, warn)

    return open_feed
