"""Runs a conformance test and writes its results."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from otx.environment import Environment
from otx.errors import ExitCode
from otx.opamp.rules import Role
from otx.output import Output, Painter, Remarks
from otx.services.opamp_conform.checks import Check
from otx.services.opamp_conform.outcome import Result, has_broken
from otx.services.opamp_conform.plan import Choice, items
from otx.services.opamp_conform.report import (
    ConformForm,
    document,
    junit_xml,
    result_lines,
    summary_lines,
)

COLUMNS = ["rule", "level", "transport", "seconds", "tested", "sentence"]


@dataclass(frozen=True, slots=True)
class Form:
    """How results are written.

    Attributes:
        strict: A SHOULD that fails counts like a MUST.
    """

    form: ConformForm = "text"
    out: str = "-"
    strict: bool = False


def write_results(
    environment: Environment, found: Iterable[Result], role: Role, peer: str, form: Form
) -> int:
    """Write results, as text while they come; the exit code."""
    output = Output(environment, form.out)
    results: list[Result] = []
    try:
        if form.form == "text":
            with output.stream() as stream:
                painter = Painter.of(environment, stream)
                for one in _kept(found, results):
                    stream.writelines(f"{line}\n" for line in result_lines(one, painter))
                    stream.flush()
                stream.writelines(f"{line}\n" for line in ["", *summary_lines(results)])
        else:
            results.extend(found)
    except KeyboardInterrupt:
        Remarks(environment).note("stopped: these are not all results")
        _write_whole(output, results, role, peer, form)
        raise
    _write_whole(output, results, role, peer, form)
    return ExitCode.NO if has_broken(results, form.strict) else ExitCode.DONE


def list_rules(
    environment: Environment, role: Role, checks: Mapping[int, Check[Any]], choice: Choice
) -> None:
    """Write what would be tested."""
    rows = []
    for item in items(role, choice):
        check = checks.get(item.rule.number)
        rows.append(
            {
                "rule": item.rule.number,
                "level": item.rule.level.value,
                "transport": item.transport,
                "seconds": f"{check.seconds:g}" if check and check.seconds else "",
                "tested": "yes" if check else "no",
                "sentence": item.rule.sentence,
            }
        )
    Output(environment).rows(COLUMNS, rows, "table")


def _kept(found: Iterable[Result], results: list[Result]) -> Iterator[Result]:
    for one in found:
        results.append(one)
        yield one


def _write_whole(output: Output, results: list[Result], role: Role, peer: str, form: Form) -> None:
    if form.form == "json":
        output.document(document(results, role.value, peer, form.strict))
    elif form.form == "junit":
        output.text(junit_xml(results, role.value, form.strict))
