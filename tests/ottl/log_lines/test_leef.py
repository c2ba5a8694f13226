"""Lines in the Log Event Extended Format."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.log_lines import leef


def test_a_line() -> None:
    assert leef.parse("<1> LEEF:1.0|V|P|1|id|a=1\tb= 2 \tc\t=3\ta=4") == {
        "leef.version": "1.0",
        "leef.vendor": "V",
        "leef.product.name": "P",
        "leef.product.version": "1",
        "leef.event.id": "id",
        "leef.attributes": {"a": "4", "b": " 2 "},
    }


@pytest.mark.parametrize(
    ("rest", "attributes"),
    [
        ("", {}),
        ("|", {}),
        ("|^|a=1^b=2", {"a": "1", "b": "2"}),
        ("|0x5E|a=1^b=2", {"a": "1", "b": "2"}),
        ("||a=1\tb=2", {"a": "1", "b": "2"}),
        # The delimiter may be left out.
        ("|a=1|b\tc=2", {"a": "1|b", "c": "2"}),
    ],
)
def test_delimiters_of_version_2(rest: str, attributes: dict[str, str]) -> None:
    assert leef.parse(f"LEEF:2.0|V|P|1|id{rest}")["leef.attributes"] == attributes


@pytest.mark.parametrize(
    "line",
    ["", "x", "LEEF:1.0", "LEEF:3.0|a|b|c|d|", "LEEF:1.0|a|b|c"]
    + [f"LEEF:2.0|a|b|c|d|{spec}|x" for spec in ("xx", "0x", "0xzz", "0x 9", "0x0909", "é")],
)
def test_what_is_no_line(line: str) -> None:
    with pytest.raises(ExecutionError):
        leef.parse(line)
