"""The parsers of log lines in statements; the forms are tested where they are read."""

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.errors import ExecutionError, OttlError
from otx.ottl.functions.registry import FunctionSet
from tests.ottl.log_record import Evaluate

NAMES = ("ParseCEF", "ParseCLF", "ParseELF", "ParseLEEF")


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_text_is_an_error(evaluate: Evaluate, name: str) -> None:
    with pytest.raises(ExecutionError):
        evaluate(f'{name}("")')


@pytest.mark.parametrize("name", NAMES)
def test_only_logs_of_the_transform_processor_have_them(name: str) -> None:
    transform, everything = FunctionSet("transform"), FunctionSet("filter")
    assert transform.find(name, "log") is not None
    assert transform.find(name, "span") is None
    assert everything.find(name, "log") is None
    assert "log" in CONTEXTS


def test_the_form_of_access_logs_is_a_literal(evaluate: Evaluate) -> None:
    with pytest.raises(OttlError):
        evaluate('ParseCLF("x", "nope")')
    with pytest.raises(OttlError):
        evaluate('ParseCLF("x", attributes["format"])')


def test_a_line_of_each(evaluate: Evaluate) -> None:
    line = '::1 - - [d] "GET / HTTP/1.1" 200 5 "r" "u"'
    combined = evaluate('ParseCLF(attributes["x"], "combined")', {"x": line})
    assert combined["clf.user_agent"] == "u"
    assert evaluate('ParseCEF("CEF:0|a|b|c|d|e|f|")')["cef.version"] == "0"
    assert evaluate('ParseLEEF("LEEF:1.0|a|b|c|d|")')["leef.event.id"] == "d"
    assert evaluate('ParseELF("#Version: 1.0")')["elf.entries"] == []
