"""pprof's form, both ways."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given

from otx.errors import UsageError
from otx.model.profile import Profile
from otx.model.stack import Frame
from otx.profile.formats import pprof_pb2 as pb
from otx.profile.formats.opening import open_profile
from otx.profile.formats.pprof import write_pprof
from tests.profile.formats.profiles import EXAMPLE, content, deep, profiles


def opened(data: bytes) -> Profile:
    found = open_profile(data, "x", lambda text: None)
    assert found.form == "pprof"
    return found.profile


@given(profiles())
def test_what_is_written_is_read(profile: Profile) -> None:
    read = opened(write_pprof(profile))
    assert content(read) == content(profile)
    assert read.value_types == profile.value_types
    assert (read.shown, read.period, read.duration_ns) == (0, profile.period, profile.duration_ns)


@given(profiles())
def test_the_same_profile_is_the_same_bytes(profile: Profile) -> None:
    assert write_pprof(profile) == write_pprof(profile)


def test_a_process_is_a_label_and_no_function() -> None:
    message = pb.Profile.FromString(gzip.decompress(write_pprof(EXAMPLE)))
    texts = message.string_table
    assert texts[message.sample[0].label[0].key] == "process.executable.name"
    assert "shop" not in {texts[function.name] for function in message.function}


def test_the_shown_type_is_the_last_unless_the_file_says_another() -> None:
    message = pb.Profile.FromString(gzip.decompress(write_pprof(EXAMPLE)))
    message.default_sample_type = 0
    assert opened(message.SerializeToString()).shown == 1


def test_inlined_calls_are_frames_of_their_own() -> None:
    message = pb.Profile(string_table=["", "samples", "count", "outer", "inner"])
    message.sample_type.add(type=1, unit=2)
    message.function.add(id=1, name=3)
    message.function.add(id=2, name=4)
    message.location.add(id=9).line.extend([pb.Line(function_id=2), pb.Line(function_id=1)])
    message.sample.add(location_id=[9], value=[5])
    (sample,) = opened(message.SerializeToString()).samples
    assert sample.stack == (Frame("outer", "native"), Frame("inner", "native"))


def test_an_address_without_a_function_is_the_place_in_its_object() -> None:
    message = pb.Profile(string_table=["", "samples", "count", "/usr/lib/libc.so.6"])
    message.sample_type.add(type=1, unit=2)
    message.mapping.add(
        id=1, memory_start=0x1000, memory_limit=0x9000, file_offset=0x200, filename=3
    )
    message.location.add(id=1, mapping_id=1, address=0x1F2E)
    message.sample.add(location_id=[1], value=[5])
    (sample,) = opened(message.SerializeToString()).samples
    assert sample.stack == (Frame("[libc.so.6+0x112e]", "native", module="libc.so.6"),)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda it: it.sample.add(location_id=[99], value=[1]), "no location 99"),
        (lambda it: it.sample.add(location_id=[1], value=[1, 2]), "2 values for 1 types"),
        (lambda it: it.location.add(id=7).line.add(function_id=5), "no function 5"),
        (lambda it: it.sample_type.add(type=1000), "no text 1000 in a table of 3"),
    ],
)
def test_what_leads_nowhere_is_named(spoil: object, why: str) -> None:
    message = pb.Profile(string_table=["", "samples", "count"])
    message.sample_type.add(type=1, unit=2)
    message.location.add(id=1)
    assert callable(spoil)
    spoil(message)
    with pytest.raises(UsageError, match=why):
        opened(message.SerializeToString())


def test_a_location_that_is_many_frames_cannot_fill_memory() -> None:
    message = pb.Profile(string_table=["", "samples", "count", "f"])
    message.sample_type.add(type=1, unit=2)
    message.function.add(id=1, name=3)
    message.location.add(id=1).line.extend([pb.Line(function_id=1)] * 10_000)
    for number in range(100):
        message.sample.add(location_id=[1] * (1_000 + number), value=[1])
    with pytest.raises(UsageError, match="more than 30000000 frames"):
        opened(message.SerializeToString())


def test_a_recursion_of_100_000_calls_goes_through() -> None:
    profile = Profile(EXAMPLE.value_types, [type(EXAMPLE.samples[0])(deep(100_000), (1, 2))])
    assert content(opened(write_pprof(profile))) == content(profile)


@pytest.mark.long  # it builds the tool first, a minute
@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_go_reads_what_is_written(tmp_path: Path) -> None:
    place = tmp_path / "x.pprof"
    place.write_bytes(write_pprof(EXAMPLE))
    done = subprocess.run(
        ["go", "tool", "pprof", "-raw", str(place)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/local/go/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "samples/count[dflt] cpu/nanoseconds" in done.stdout
    assert "process.executable.name:[shop]" in done.stdout
    assert "thread.id:[7]" in done.stdout
    assert "<module> /srv/shop.py:12" in done.stdout
