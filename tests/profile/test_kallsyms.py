"""Lines of /proc/kallsyms."""

from hypothesis import given
from hypothesis import strategies as st

from otx.profile.kallsyms import KernelSymbol, KernelSymbols

TEXT = b"""\
ffffffff81000200 T second
ffffffff81000100 t first
ffffffff81000180 d data
ffffffffc0000000 t probe\t[nf_tables]
0000000000000000 T hidden
"""


def test_an_address_is_in_the_function_that_begins_before_it() -> None:
    symbols = KernelSymbols(TEXT)
    assert len(symbols) == 3
    assert symbols.find(0xFFFFFFFF810000FF) is None
    assert symbols.find(0xFFFFFFFF81000100) == KernelSymbol("first", "kernel")
    assert symbols.find(0xFFFFFFFF810001FF) == KernelSymbol("first", "kernel")
    assert symbols.find(0xFFFFFFFFC0000010) == KernelSymbol("probe", "nf_tables")


@given(st.binary())
def test_hostile_text_never_raises(text: bytes) -> None:
    KernelSymbols(text).find(1)
