"""Lines of /proc/kallsyms."""

from bisect import bisect_right
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.profile.kallsyms import KernelSymbol, KernelSymbols, read_kernel_symbols

TEXT = b"""\
ffffffff81000100 t first
ffffffff81000180 d data
ffffffff81000200 T second
ffffffff81000300 B end
ffffffffc0000200 t later\t[nf_tables]
ffffffffc0000000 t probe\t[nf_tables]
"""
FIRST, SECOND = KernelSymbol("first", "kernel"), KernelSymbol("second", "kernel")


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (0xFFFFFFFF810000FF, None),
        (0xFFFFFFFF81000100, FIRST),
        (0xFFFFFFFF810001FF, FIRST),
        (0xFFFFFFFF81000200, SECOND),
        (0xFFFFFFFF81000300, SECOND),
        (0xFFFFFFFF81000301, None),
        (0xFFFFFFFFC0000010, KernelSymbol("probe", "nf_tables")),
        (0xFFFFFFFFC0000200, KernelSymbol("later", "nf_tables")),
    ],
)
def test_an_address_is_in_the_function_that_begins_before_it(
    address: int, wanted: KernelSymbol | None
) -> None:
    assert KernelSymbols(TEXT).find(address) == wanted


def test_hidden_addresses_name_nothing() -> None:
    hidden = b"".join(b"0" * 16 + line[16:] + b"\n" for line in TEXT.splitlines())
    assert KernelSymbols(hidden).find(0xFFFFFFFF81000100) is None
    assert KernelSymbols(b"").find(1) is None


@given(st.sets(st.tuples(st.integers(1, (1 << 64) - 1), st.sampled_from("tTdB"))))
def test_the_search_finds_what_a_sorted_list_does(rows: set[tuple[int, str]]) -> None:
    ordered = sorted(rows)
    text = "".join(f"{at:016x} {kind} f{at}\n" for at, kind in ordered).encode()
    code = [at for at, kind in ordered if kind in "tT"]
    last = ordered[-1][0] if ordered else 0
    symbols = KernelSymbols(text)
    for address in [probe for at, _ in ordered for probe in (at - 1, at, at + 1)]:
        index = bisect_right(code, address) - 1
        wanted = f"f{code[index]}" if index >= 0 and address <= last else None
        found = symbols.find(address)
        assert (found and found.name) == wanted


@given(st.binary(), st.integers(0, (1 << 64) - 1))
def test_hostile_text_never_raises(text: bytes, address: int) -> None:
    KernelSymbols(text).find(address)


def test_the_running_kernels_own_functions_are_found() -> None:
    lines = Path("/proc/kallsyms").read_text().splitlines()
    address = next(int(line[:16], 16) for line in lines if line.endswith(" T do_syscall_64"))
    if not address:
        pytest.skip("kernel.kptr_restrict hides the kernel's addresses")
    assert read_kernel_symbols().find(address + 1) == KernelSymbol("do_syscall_64", "kernel")
