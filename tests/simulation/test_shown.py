"""What spans are said to show is so, and where calls block it is most of what is so."""

from random import Random

import pytest

from tests.simulation.records import ended_before
from tests.simulation.request import Request
from tests.simulation.shown import Shown
from tests.simulation.trial import SYSTEMS
from tests.simulation.world import World


@pytest.mark.parametrize("names_threads", [True, False])
@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_shown_is_true(system: str, names_threads: bool) -> None:
    for seed in range(20):
        random = Random(seed)
        request = Request(random, World(random, SYSTEMS[system]))
        request.run()
        shown = Shown(request.records, names_threads=names_threads)
        for one in request.records:
            for other in request.records:
                if shown.ended_before(one, other):
                    assert ended_before(one, other), (seed, one.span_id, other.span_id)
                if one is not other and shown.run_beside(one, other):
                    assert one.start_ns < other.end_ns
                    assert other.start_ns < one.end_ns


def test_blocking_services_show_most_of_what_had_ended() -> None:
    true = told = 0
    for seed in range(20):
        random = Random(seed)
        request = Request(random, World(random, SYSTEMS["blocking"]))
        request.run()
        shown = Shown(request.records, names_threads=True)
        pairs = [(one, other) for one in request.records for other in request.records]
        true += sum(ended_before(*pair) for pair in pairs)
        told += sum(shown.ended_before(*pair) for pair in pairs)
    assert 0.8 < told / true < 1
