"""Texts in the W3C's Extended Log Format."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError
from otx.ottl.log_lines import elf


def test_a_text() -> None:
    text = (
        "#Version: 1.0\r\n#Software: x: y\r\n#Date: d\r#Start-Date: s\n#END-DATE: e\n#Remark\n"
        '#Fields: a  b\tc\n1 "2 ""x"" 3" 4 5\n\n1\n#Fields: z\n9'
    )
    assert elf.parse(text) == {
        "elf.version": "1.0",
        "elf.software": "x: y",
        "elf.date": "d",
        "elf.start_date": "s",
        "elf.end_date": "e",
        "elf.fields": ["z"],
        "elf.entries": [
            {"a": "1", "b": '2 "x" 3', "c": "4"},
            {"a": "1", "b": "-", "c": "-"},
            {"z": "9"},
        ],
    }


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ('"x"y z', {"a": "x", "b": "y"}),
        ('a"b "" c', {"a": 'a"b', "b": ""}),
        ("\t1\t\t2", {"a": "1", "b": "2"}),
    ],
)
def test_values(line: str, entry: dict[str, Any]) -> None:
    assert elf.parse(f"#Version: 1\n#Fields: a b\n{line}")["elf.entries"] == [entry]


@pytest.mark.parametrize(
    "text",
    [
        "#Fields: a\n1",
        "#Version: 1\n1 2",
        "#Version: 1\n#Fields\n",
        "#Version: 1\n#fieldsx y\n",
        '#Version: 1\n#Fields: a\n"open',
        '#Version: 1\n#Fields: a\n"a""',
    ],
)
def test_what_is_no_text(text: str) -> None:
    with pytest.raises(ExecutionError):
        elf.parse(text)
