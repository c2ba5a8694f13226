"""Lines in the Common Event Format."""

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.log_lines import cef


def test_a_line() -> None:
    line = r"<13>Sep 19 host CEF:1|a\|b|c\\d|1|2|n e|3|msg=hello \= w\n x k_2=  v  k_2=z "
    assert cef.parse(line) == {
        "cef.version": "1",
        "cef.device_vendor": "a|b",
        "cef.device_product": "c\\d",
        "cef.device_version": "1",
        "cef.device_event_class_id": "2",
        "cef.name": "n e",
        "cef.severity": "3",
        "cef.extensions": {"msg": "hello = w\n x", "k_2": "z"},
    }


@pytest.mark.parametrize(
    ("extension", "parsed"),
    [
        ("", {}),
        ("|a=1", {"a": "1"}),
        ("|a=1|b=2", {"a": "1|b=2"}),
        ("|a=b=c d=e", {"a": "b=c", "d": "e"}),
        ("|é=1 k=é", {"k": "é"}),
        ("|=1 x", {}),
        (r"|a=\r\q\\", {"a": "\r\\q\\"}),
    ],
)
def test_extensions(extension: str, parsed: dict[str, str]) -> None:
    assert cef.parse(f"CEF:0|a|b|c|d|e|f{extension}")["cef.extensions"] == parsed


@pytest.mark.parametrize("line", ["", "x", "CEF:0", "CEF:0|a|b|c|d|e", "CEF:|a|b|c|d|e|f|"])
def test_what_is_no_line(line: str) -> None:
    with pytest.raises(ExecutionError):
        cef.parse(line)
