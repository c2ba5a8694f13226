"""Names of C++, Rust and Swift functions."""

import pytest

from otx.profile.demangle import demangler


@pytest.mark.parametrize(
    ("mangled", "name"),
    [
        ("_ZN3foo3barEi", "foo::bar"),
        ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"),
        ("_RNvC6_123foo3bar", "123foo::bar"),
        ("$s10Foundation4DataV5countSivg", "Data.count.getter"),
        ("main", "main"),
        ("_ZQQ", "_ZQQ"),
        ("_PyEval_EvalFrameDefault.cold", "_PyEval_EvalFrameDefault.cold"),
    ],
)
def test_a_mangled_name_is_read_and_any_other_left(mangled: str, name: str) -> None:
    assert demangler()(mangled) == name
