"""The text of perf script: a real one, and both ways."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.model.profile import CPU, SAMPLES, Label, Profile, StackSample
from otx.model.stack import Frame
from otx.profile.formats.folded import write_folded
from otx.profile.formats.opening import open_profile
from otx.profile.formats.perf_script import write_perf_script
from tests.profile.formats.profiles import EXAMPLE, profiles

DATA = Path(__file__).parents[2] / "data" / "profiles"


def opened(text: str | bytes) -> Profile:
    data = text if isinstance(text, bytes) else text.encode()
    found = open_profile(data, "x", lambda line: None)
    assert found.form == "perf-script"
    return found.profile


def test_a_real_one_is_read() -> None:
    profile = opened((DATA / "spin.perf-script").read_bytes())
    assert profile.value_types == (SAMPLES, CPU)
    lines = write_folded(profile).splitlines()
    deep = ";deep" * 20
    assert lines == [
        "spin;__libc_start_call_main;hot 33",
        f"spin;__libc_start_call_main;main{deep};hot 37",
        "spin;__libc_start_call_main;warm 8",
    ]
    assert profile.samples[0].labels == (Label("thread.id", 12320),)
    assert profile.samples[1].offset_ns == 14_667_000


@pytest.mark.parametrize(
    ("head", "labels", "comm"),
    [
        ("swapper     0 [003] 12.5: 250 cycles:ppp:", {"thread.id": 0}, "swapper"),
        (
            "        Web Content 4242/4243 12.500000: cycles:",
            {"process.pid": 4242, "thread.id": 4243},
            "Web Content",
        ),
        ("a:b 7 1.000001: 1 sched:sched_switch:", {"thread.id": 7}, "a:b"),
    ],
)
def test_heads_of_every_shape(head: str, labels: dict[str, int], comm: str) -> None:
    profile = opened(f"{head}\n\t    5581 f+0x1 (/bin/x)\n\n")
    (sample,) = profile.samples
    assert sample.stack == (Frame(comm, "process"), Frame("f", "native", module="x"))
    assert {label.key: label.value for label in sample.labels} == labels


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        (
            "ffff81 do_sys_open+0x10 ([kernel.kallsyms])",
            Frame("do_sys_open", "kernel", module="kernel"),
        ),
        ("ffff81 nft_do_chain ([nf_tables])", Frame("nft_do_chain", "kernel", module="nf_tables")),
        ("7f01 [unknown] (/usr/lib/libc.so.6)", Frame("[libc.so.6]", "native", module="libc.so.6")),
        ("7f01 [unknown] ([unknown])", Frame("[unknown]", "native")),
        (
            "7f01 std::sort<int>(int*, int*) (/app (deleted))",
            Frame("std::sort<int>(int*, int*)", "native", module="app"),
        ),
        (
            "7f01 py::Cart.total:/srv/cart.py (/tmp/perf-7.map)",
            Frame("Cart.total", "python", "/srv/cart.py", 0, "cart.py"),
        ),
        (
            "7f01 LazyCompile:~f x.js:1 (/tmp/perf-7.map)",
            Frame("LazyCompile:~f x.js:1", "jit", module="perf-7.map"),
        ),
    ],
)
def test_frames_of_every_shape(line: str, frame: Frame) -> None:
    assert opened(f"x 1 1.0: 1 cycles:\n\t{line}\n").samples[0].stack[1] == frame


def test_a_sample_without_a_stack_stands_on_its_line() -> None:
    line = "x 1 1.0: 1 cycles:  55e1 main+0x5 (/bin/x)\n\n"
    profile = opened(line + line.replace("+0x5", ""))
    assert len(profile.samples) == 2
    assert profile.counts() == {(Frame("x", "process"), Frame("main", "native", module="x")): 2}


def test_each_event_has_its_own_values() -> None:
    profile = opened("x 1 1.0: 5 cycles:\n\t1 f (x)\n\nx 1 1.1: 7 faults:\n\t1 f (x)\n\n")
    assert [str(it) for it in profile.value_types] == [
        "samples/count",
        "cycles/count",
        "faults/count",
    ]
    assert [it.values for it in profile.samples] == [(1, 5, 0), (1, 0, 7)]


def test_what_is_written_names_frames_as_perf_does() -> None:
    assert write_perf_script(EXAMPLE).startswith(
        "shop 0/7 1790000000.000000000: 10 cpu:\n"
        "\t               0 std::sort (libshop.so)\n"
        "\t               0 <module> (shop.py:12) ([unknown])\n"
        "\n"
    )


def test_a_programs_names_cannot_drive_the_terminal() -> None:
    stack = (Frame("\x1b[31m", "process"), Frame("f\x07", "native", module="\x9b.so"))
    text = write_perf_script(Profile((SAMPLES,), [StackSample(stack, (1,))]))
    assert text.isascii() is False and all(it in "\n\t" or it.isprintable() for it in text)


@pytest.mark.parametrize("comm", ["[", "[x]", "{", '{"a": 1}'])
def test_a_program_may_be_called_what_json_begins_with(comm: str) -> None:
    (sample,) = opened(f"{comm} 7 1.000001: 1 cycles:\n\t1 f (x)\n\n").samples
    assert sample.stack[0] == Frame(comm, "process")


@given(profiles(), st.integers(1, 30))
def test_what_is_written_is_read(profile: Profile, count: int) -> None:
    samples = [StackSample(it.stack, (count, it.values[0])) for it in profile.samples]
    read = opened(write_perf_script(replace(profile, value_types=(SAMPLES, CPU), samples=samples)))
    for number in (0, 1):
        assert sum(it.values[number] for it in read.samples) == sum(
            it.values[number] for it in samples
        )
    depths = {len(it.stack) - 1 for it in read.samples}
    assert depths == {
        len([frame for frame in it.stack if frame.kind not in ("process", "thread")])
        for it in samples
    }


@pytest.mark.parametrize(
    "text", ["x 1 1.0: 1 cycles:\n\tzz nohex (x)\n", "x 1 1.0: 1 cycles:\n\n\t12 f (x)\n"]
)
def test_a_line_that_is_neither_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"x:\d: "):
        opened(text)
