"""Where the variable is, by files of every kind and by memory that may hold anything."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.context.place import (
    Access,
    DtvForm,
    Place,
    Variable,
    find_place,
    find_variable,
)
from otx.profile.elf import bytes_reader
from otx.profile.errors import UnreadableError
from otx.profile.memory import ProcessMemory
from tests.profile.conftest import Build
from tests.profile.context.conftest import VARIABLE_C

WORDS = st.integers(0, (1 << 64) - 1)


class Words(ProcessMemory):
    """Memory of which some words are known."""

    def __init__(self, words: dict[int, int]) -> None:
        self._words = words

    def read(self, address: int, size: int) -> bytes:
        """Whole words that are known."""
        try:
            return b"".join(
                struct.pack("<Q", self._words[at]) for at in range(address, address + size, 8)
            )
        except KeyError:
            raise UnreadableError("not known") from None


@pytest.mark.parametrize(
    ("flags", "access"),
    [
        (("-shared", "-fPIC", "-mtls-dialect=gnu"), Access.GENERAL_DYNAMIC),
        (("-shared", "-fPIC", "-mtls-dialect=gnu2"), Access.DESCRIPTOR),
        (("-shared", "-fPIC", "-ftls-model=initial-exec"), Access.INITIAL_EXEC),
    ],
)
def test_libraries_say_how_they_find_it(
    build: Build, flags: tuple[str, ...], access: Access
) -> None:
    data = build(VARIABLE_C, "lib.so", *flags).read_bytes()
    variable = find_variable(bytes_reader(data))
    assert variable is not None
    assert (variable.access, variable.is_whole) == (access, True)
    assert variable.slot > 0


def test_a_program_has_it_below_the_thread_pointer(build: Build) -> None:
    source = VARIABLE_C + "int main(void) { publish(1); return 0; }"
    data = build(source, "program", "-rdynamic").read_bytes()
    variable = find_variable(bytes_reader(data))
    assert variable is not None and variable.access is Access.LOCAL_EXEC
    assert -4096 < variable.in_block < 0


def test_one_that_is_not_exported_is_not_found(build: Build) -> None:
    source = VARIABLE_C + "int main(void) { publish(1); return 0; }"
    assert find_variable(bytes_reader(build(source, "program").read_bytes())) is None


def test_one_that_is_not_of_threads_is_not_found(build: Build) -> None:
    data = build("void *otel_thread_ctx_v1;", "lib.so", "-shared", "-fPIC").read_bytes()
    assert find_variable(bytes_reader(data)) is None


def test_each_way_ends_in_one_of_two() -> None:
    below = (1 << 64) - 16
    words = {100: below, 208: below, 308: 400, 400: 3, 408: 8, 500: 4, 508: 0}
    words |= {216: 0, 300: 0, 200: 0}
    memory = Words(words)
    found = [
        find_place(variable, 100, memory)
        for variable in (
            Variable(Access.LOCAL_EXEC, 0, -8),
            Variable(Access.INITIAL_EXEC, 0, 0),
            Variable(Access.DESCRIPTOR, 100, 0),
            Variable(Access.DESCRIPTOR, 200, 0),
            Variable(Access.GENERAL_DYNAMIC, 300, 0),
            Variable(Access.GENERAL_DYNAMIC, 400, 24, is_whole=False),
        )
    ]
    assert found == [
        Place(0, -8),
        Place(0, -16),
        Place(0, -16),
        Place(3, 8),
        Place(3, 8),
        Place(4, 24),
    ]


def test_a_place_says_what_the_dtv_is_like() -> None:
    memory = Words({400: 3, 408: 8})
    variable = Variable(Access.GENERAL_DYNAMIC, 400, 8)
    assert find_place(variable, 0, memory) == Place(3, 8, DtvForm.GLIBC)
    place = find_place(variable, 0, memory, DtvForm.MUSL)
    assert place == Place(3, 8, DtvForm.MUSL)
    assert place.for_bpf() == struct.pack("<IIq", 3, 8, 8)


@given(st.sampled_from(Access), WORDS, WORDS, WORDS, WORDS, st.booleans())
def test_hostile_words_lead_to_a_place_that_fits_or_to_none(
    access: Access, first: int, second: int, third: int, fourth: int, whole: bool
) -> None:
    memory = Words({64: first, 72: second, 80: 0, second: third, second + 8: fourth})
    try:
        place = find_place(Variable(access, 64, 8, whole), 0, memory)
    except UnreadableError:
        return
    if place is not None:
        module, _, offset = struct.unpack("<IIq", place.for_bpf())
        assert 0 <= module < 1 << 16
        assert -(1 << 31) <= offset < 1 << 32
