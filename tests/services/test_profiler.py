"""A profile that is looked at while it is taken: snapshots, their bound, and its end."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.profile import SAMPLES
from otx.model.stack import Frame, Sample
from otx.output import HeldRemarks
from otx.profile.options import SamplingOptions
from otx.profile.targets import Target
from otx.services.gathering import Gathering
from otx.services.profiler import SNAPSHOT_PERIOD_S, LiveProfile, ProfileSnapshot, live_profile
from otx.services.sampling import SamplingRequest
from otx.system.bpf_support import probe_all
from tests.conftest import Terminal, wait_until
from tests.services.fake_session import FakeSession

DEADLINE_S = 30
PERIOD_S = 0.02
WORK = (Frame("work", "native"),)


@pytest.fixture
def busy() -> Iterator["subprocess.Popen[bytes]"]:
    code = "def hot():\n  for _ in range(1000): pass\nprint('ready', flush=True)\nwhile 1: hot()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def bpf_machine() -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")


def await_samples(profile: LiveProfile, count: int) -> ProfileSnapshot:
    """The first snapshot with so many samples."""
    pause = threading.Event()
    for _ in range(int(DEADLINE_S / PERIOD_S)):
        snapshot = profile.snapshot()
        if sum(snapshot.counts.values()) >= count:
            return snapshot
        pause.wait(PERIOD_S)
    raise AssertionError(f"{sum(snapshot.counts.values())} samples of {count}")


def live_on(session: FakeSession, environment: Environment) -> LiveProfile:
    gathering = Gathering(session, SamplingOptions(), environment.clock, by_thread=True)
    return LiveProfile(gathering, environment, HeldRemarks(environment))


def test_what_was_counted_is_copied_twice_a_second_at_most(environment: Environment) -> None:
    session = FakeSession()
    with live_on(session, environment) as profile:
        session.give(Sample(0, 7, 7, "shop", WORK))
        first = await_samples(profile, 1)
        session.give(*[Sample(0, 7, 7, "shop", WORK)] * 99)
        began_s = time.monotonic()
        looks = [profile.snapshot() for _ in range(1_000)]
        periods = (time.monotonic() - began_s) / SNAPSHOT_PERIOD_S  # a fraction of one, usually
        assert len(set(map(id, looks))) <= 2 + periods
        assert sum(await_samples(profile, 100).counts.values()) == 100
    assert sum(first.counts.values()) == 1, "a snapshot never changes"


def test_a_target_that_ends_leaves_its_picture(environment: Environment) -> None:
    session = FakeSession()
    with live_on(session, environment) as profile:
        session.give(Sample(0, 7, 7, "shop", WORK))
        session.has_ended = True
        wait_until(lambda: profile.snapshot().ended_unix_nano > 0, "the end is told")
        assert profile.snapshot().pids == ()
        assert list(profile.snapshot().counts.values()) == [1]
        last = profile.snapshot()
        assert profile.snapshot() is last
    assert session.was_ended


def test_what_ends_the_thread_is_raised_and_told(environment: Environment) -> None:
    session = FakeSession()
    session.failure = ZeroDivisionError("a fault")
    profile = live_on(session, environment)
    with pytest.raises(ZeroDivisionError), profile:
        wait_until(lambda: profile.has_failed, "the fault is told")


def test_warnings_are_in_the_snapshot_and_on_stderr_afterwards(environment: Environment) -> None:
    remarks, session = HeldRemarks(environment), FakeSession()
    gathering = Gathering(session, SamplingOptions(), environment.clock)
    stderr = environment.stderr
    assert isinstance(stderr, Terminal)
    with remarks, LiveProfile(gathering, environment, remarks) as profile:
        remarks.warning("from now on 12 Hz")
        wait_until(lambda: profile.snapshot().warnings == ("from now on 12 Hz",), "it is shown")
        assert stderr.text == ""
    assert stderr.text == "otx: warning: from now on 12 Hz\n"


@pytest.mark.bpf
def test_a_live_profile_counts_until_it_is_left(
    bpf_machine: None, busy: "subprocess.Popen[bytes]", environment: Environment
) -> None:
    request = SamplingRequest(Target((busy.pid,)), SamplingOptions(frequency_hz=499))
    with live_profile(environment, request) as profile:
        early = await_samples(profile, 20)
        late = await_samples(profile, early.stats.samples + 1)
    last = profile.snapshot()
    assert early.version < late.version <= last.version
    assert (early.pids, early.kind) == ((busy.pid,), SAMPLES)
    assert {found[0].kind for found in last.counts} == {"process"}
    assert any(frame.name == "hot" for found in last.counts for frame in found)
    assert sum(last.counts.values()) == last.stats.samples
    assert profile.snapshot() is last


def test_it_takes_the_backend_that_is_wanted_and_says_what_that_does_not_see(
    busy: "subprocess.Popen[bytes]", environment: Environment
) -> None:
    often = SamplingOptions(frequency_hz=499)
    request = SamplingRequest(Target((busy.pid,)), often, backend="perf")
    with live_profile(environment, request) as profile:
        found = await_samples(profile, 20)
    assert found.stats.backend == "perf"
    assert "Python functions" in found.stats.not_seen
    assert any("sampling with perf events" in text for text in found.warnings)


@pytest.mark.bpf
def test_what_cannot_be_sampled_is_raised_at_the_start(
    bpf_machine: None, environment: Environment
) -> None:
    with (
        pytest.raises(UsageError, match="no process"),
        live_profile(environment, SamplingRequest(Target((1 << 30,)))),
    ):
        pytest.fail("it began")
