"""What the Flame screen is given of a profile: the process, threads, functions it asked for."""

from dataclasses import replace

import pytest

from otx.flame.draw import draw_text
from otx.flame.layout import layout
from otx.model.profile import WALL
from otx.model.stack import Frame, ProfileStats, Stack, Thread
from otx.model.units import NS_PER_S
from otx.services.profiler import ProfileSnapshot
from otx.tui.flame_look import FlameLook, sampled_processes
from otx.tui.snapshot import FlameInterest, FlameView, Part, ProcessSamples

SHOP, CART = Frame("shop", "process"), Frame("cart", "process")
MAIN, DUMPS, LOADS = (Frame(name, "python") for name in ("main", "dumps", "loads"))
WORK: dict[Stack, int] = {(SHOP, MAIN, DUMPS): 30, (SHOP, MAIN): 10}
SNAPSHOT = ProfileSnapshot(
    total={
        Thread(7, "main"): WORK,
        Thread(7, "worker"): {(SHOP, MAIN, LOADS): 20},
        Thread(8, "main"): {(CART, MAIN, DUMPS): 40},
    },
    window={Thread(7, "main"): WORK},
    pids=(7, 8, 9),
    began_unix_nano=10 * NS_PER_S,
)
ALL = FlameInterest(since_start=True)
PARTS: tuple[Part, ...] = ("", "cpu", "offcpu")


def look(**wishes: object) -> FlameView:
    return FlameLook(lambda: 90 * NS_PER_S).look(replace(ALL, **wishes), SNAPSHOT)  # type: ignore[arg-type]


def drawn(view: FlameView) -> str:
    return "\n".join(draw_text(layout(view.tree, 120)))


def test_the_samples_of_one_process_alone() -> None:
    assert (look().tree.total, look(pid=7).tree.total, look(pid=8).tree.total) == (100, 60, 40)
    assert look(pid=9).tree.total == 0
    assert look(since_start=False).tree.total == 40


def test_counts_stay_whole_and_know_how_long_they_were_sampled() -> None:
    view = look(callers=True, sandwich=DUMPS)
    assert view.counts[(CART, MAIN, DUMPS)] == 40
    assert view.duration_ns == 80 * NS_PER_S
    assert look(since_start=False).duration_ns == 60 * NS_PER_S


def test_threads_have_a_level_of_their_own() -> None:
    shop = look(by_thread=True).tree.children[SHOP]
    totals = {frame.name: node.total for frame, node in shop.children.items()}
    assert totals == {"main": 40, "worker": 20}
    assert {frame.kind for frame in shop.children} == {"thread"}
    assert "worker" not in drawn(look())


def test_focus_keeps_the_stacks_a_function_is_on() -> None:
    assert look(focus=DUMPS).tree.total == 70
    assert set(look(focus=DUMPS).tree.children) == {SHOP, CART}


@pytest.mark.parametrize(("callers", "below"), [(False, {DUMPS, LOADS}), (True, {SHOP, CART})])
def test_a_sandwich_begins_at_the_function(callers: bool, below: set[Frame]) -> None:
    tree = look(sandwich=MAIN, callers=callers).tree
    assert set(tree.children) == {MAIN}
    assert set(tree.children[MAIN].children) == below


def test_small_frames_are_left_out_and_counted() -> None:
    view = look(least_permille=250)
    assert view.hidden == 1
    assert "loads" not in drawn(view)
    assert look().hidden == 0


def test_changes_are_measured_from_the_baseline_until_it_is_dropped() -> None:
    flame = FlameLook(lambda: 90 * NS_PER_S)
    based = replace(ALL, baseline_unix_nano=1)
    assert flame.look(based, SNAPSHOT).changes == {}
    busier = replace(SNAPSHOT, total={**SNAPSHOT.total, Thread(8, "x"): {(CART, LOADS): 100}})
    changes = flame.look(based, busier).changes
    assert changes[LOADS] == pytest.approx(60 - 20)
    assert changes[DUMPS] == pytest.approx(35 - 70)
    assert flame.look(ALL, busier).changes == {}
    assert flame.look(replace(based, baseline_unix_nano=2), busier).changes == {}


def test_after_a_reset_only_what_is_new_is_shown() -> None:
    flame = FlameLook(lambda: 90 * NS_PER_S)
    reset = FlameInterest(reset_unix_nano=80 * NS_PER_S)
    view = flame.look(reset, SNAPSHOT)
    assert (view.tree.total, view.duration_ns) == (0, 10 * NS_PER_S)
    busier = replace(SNAPSHOT, total={**SNAPSHOT.total, Thread(8, "x"): {(CART, LOADS): 100}})
    view = flame.look(reset, busier)
    assert view.counts == {(CART, LOADS): 100}
    again = replace(reset, reset_unix_nano=85 * NS_PER_S)
    assert flame.look(again, busier).tree.total == 0
    assert flame.look(ALL, busier).tree.total == 200


def test_a_baseline_is_of_all_that_there_was_also_after_a_reset() -> None:
    flame = FlameLook(lambda: 90 * NS_PER_S)
    both = replace(ALL, reset_unix_nano=1, baseline_unix_nano=1)
    flame.look(both, SNAPSHOT)
    busier = replace(SNAPSHOT, total={**SNAPSHOT.total, Thread(8, "x"): {(CART, LOADS): 100}})
    assert flame.look(both, busier).changes[LOADS] == pytest.approx(100 - 20)


def test_wall_time_has_two_parts() -> None:
    lock = Frame("[lock]", "native")
    samples = {Thread(7, "main"): {(SHOP, MAIN): 3, (SHOP, MAIN, lock): 5}}
    snapshot = replace(SNAPSHOT, total=samples, kind=WALL)
    flame = FlameLook(lambda: 0)
    totals = [flame.look(replace(ALL, part=it), snapshot).tree.total for it in PARTS]
    assert totals == [8, 3, 5]


def test_what_otx_takes_is_a_share_of_the_time_so_far() -> None:
    snapshot = replace(SNAPSHOT, stats=ProfileStats(own_cpu_seconds=2.0))
    assert FlameLook(lambda: 90 * NS_PER_S).look(ALL, snapshot).own_share == pytest.approx(2 / 80)
    ended = replace(snapshot, ended_unix_nano=50 * NS_PER_S)
    view = FlameLook(lambda: 90 * NS_PER_S).look(ALL, ended)
    assert view.own_share == pytest.approx(2 / 40)
    assert view.duration_ns == 40 * NS_PER_S


def test_functions_without_a_name_are_counted() -> None:
    nameless = Frame("[libx.so+0x1f2e]", "native", module="libx.so")
    samples = {Thread(7, "main"): {(SHOP, nameless): 5, (SHOP, nameless, MAIN): 9}}
    view = FlameLook(lambda: 0).look(ALL, replace(SNAPSHOT, total=samples))
    assert (view.unknown, look().unknown) == (5, 0)


def test_every_sampled_process_is_told_of() -> None:
    assert sampled_processes(SNAPSHOT) == (
        ProcessSamples(7, 60, 2),
        ProcessSamples(8, 40, 1),
        ProcessSamples(9, 0, 0),
    )
