"""What one session's samples come to: counts, copies of them, a profile."""

from otx.environment import Environment
from otx.model.stack import Frame, Sample, Thread
from otx.profile.options import SamplingOptions
from otx.services.gathering import Gathering
from tests.services.fake_session import FakeSession

WORK, REST = (Frame("work", "native"),), (Frame("rest", "native"),)
SHOP = Frame("shop", "process")


def sample(stack: tuple[Frame, ...], tid: int = 1, span: str = "") -> Sample:
    now = 1_790_000_000_000_000_000
    return Sample(now, 7, tid, "shop", stack, 1, span * 2, span, thread=f"thread-{tid}")


def test_a_version_stands_for_what_was_counted(environment: Environment) -> None:
    session = FakeSession()
    gathering = Gathering(session, SamplingOptions(), environment.clock, by_thread=True)
    session.give(sample(WORK, 1), sample(WORK, 2))
    assert gathering.take(0)
    version, total, window = gathering.copies()
    assert gathering.samples == 2
    assert (
        total
        == window
        == {
            Thread(7, "thread-1"): {(SHOP, *WORK): 1},
            Thread(7, "thread-2"): {(SHOP, *WORK): 1},
        }
    )
    gathering.take(0)
    assert gathering.version == version
    session.give(sample(REST))
    gathering.take(0)
    assert gathering.version > version
    assert (SHOP, *REST) not in total[Thread(7, "thread-1")], "a copy never changes"


def test_the_end_takes_what_is_left_and_nobody_is_waited_for(environment: Environment) -> None:
    session = FakeSession()
    gathering = Gathering(session, SamplingOptions(), environment.clock)
    session.give(sample(WORK))
    session.has_ended = True
    assert not gathering.take(0)
    session.give(sample(REST, span="0" * 15 + "1"))
    gathering.end()
    profile = gathering.profile(10**9)
    assert profile.counts() == {(SHOP, *WORK): 1, (SHOP, *REST): 1}
    assert (profile.duration_ns, profile.stats.samples if profile.stats else 0) == (10**9, 2)
    assert [label.value for it in profile.samples for label in it.labels][1] == "0" * 15 + "1"
