"""Log lines as maps: CEF, LEEF, the Common Log Format and the W3C's Extended Log Format."""

from typing import Literal

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, converter
from otx.ottl.log_lines import cef, clf, elf, leef
from otx.ottl.parameters import Text
from otx.ottl.values import Value


def _not_empty(text: str) -> str:
    if not text:
        raise ExecutionError("the text is empty")
    return text


@converter(
    "ParseCEF",
    fails="target is no CEF",
    contexts=("log",),
    component="transform",
    example=Example(
        'ParseCEF("CEF:0|Acme|IDS|1|7|Port scan|5|src=10.0.0.1")["cef.extensions"]',
        '{"src":"10.0.0.1"}',
    ),
)
def parse_cef(target: Text) -> dict[str, Value]:
    """The fields of a line in the Common Event Format."""
    return cef.parse(_not_empty(target))


@converter(
    "ParseCLF",
    fails="target is no such log line",
    contexts=("log",),
    component="transform",
    example=Example(
        'ParseCLF("::1 - - [10/Oct/2000:13:55:36 -0700] \\"GET / HTTP/1.1\\" 200 5")["clf.status"]',
        "200",
    ),
)
def parse_clf(target: Text, format: Literal["clf", "combined"] = "clf") -> dict[str, Value]:  # noqa: A002 - the parameter's name in the language
    """The fields of a line in the Common Log Format of web servers, or the combined one."""
    return clf.parse(_not_empty(target), is_combined=format == "combined")


@converter(
    "ParseELF",
    fails="target is no ELF",
    since="0.158",
    contexts=("log",),
    component="transform",
    example=Example(
        'ParseELF("#Version: 1.0\\n#Fields: time cs-method\\n00:34:23 GET")["elf.entries"]',
        '[{"time":"00:34:23","cs-method":"GET"}]',
    ),
)
def parse_elf(target: Text) -> dict[str, Value]:
    """The directives and entries of a text in W3C's Extended Log Format."""
    return elf.parse(_not_empty(target))


@converter(
    "ParseLEEF",
    fails="target is no LEEF",
    contexts=("log",),
    component="transform",
    example=Example(
        'ParseLEEF("LEEF:2.0|Acme|IDS|1|7|^|src=10.0.0.1^sev=5")["leef.attributes"]',
        '{"src":"10.0.0.1","sev":"5"}',
    ),
)
def parse_leef(target: Text) -> dict[str, Value]:
    """The fields of a line in the Log Event Extended Format, 1.0 or 2.0."""
    return leef.parse(_not_empty(target))
