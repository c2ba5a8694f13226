"""Results as text, as a JSON document and as JUnit XML."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from otx.model.cells import printable
from otx.opamp.document import message_document
from otx.opamp.rules import Level
from otx.output import Painter, to_json
from otx.services.opamp_conform.outcome import Passage, Result, Verdict, has_broken
from otx.services.opamp_conform.redacted import shown_hex

ConformForm: TypeAlias = Literal["text", "json", "junit"]
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIFICATION = "OpAMP specification"


def result_lines(result: Result, painter: Painter) -> list[str]:
    """One line, and below a failure what shows it."""
    rule = result.rule
    sign = {Verdict.PASSED: "+", Verdict.FAILED: "-"}.get(result.verdict, "~")
    word = painter.paint(f"{result.verdict.value:<17}", sign)
    line = f"{word} {rule.level.value:<6} {rule.number:>3} {result.transport:<4} {rule.sentence}"
    if result.verdict is not Verdict.FAILED:
        return [line, *([f"{'':18}{printable(result.reason)}"] if result.reason else [])]
    lines = [line, f"  {printable(result.reason)} ({_SPECIFICATION}: {rule.section})"]
    for one in result.evidence:
        lines += [f"  {one.way}: {printable(_words(one))}", f"    {shown_hex(one)}"]
    return lines


def summary_lines(results: Sequence[Result]) -> list[str]:
    """Counts by level; MUST first."""
    lines = []
    for level in Level:
        of_level = [one for one in results if one.rule.level is level]
        if of_level:
            lines.append(f"{level.value:<6} {_counts(of_level)}")
    return lines


def document(results: Sequence[Result], role: str, peer: str, strict: bool) -> dict[str, Any]:
    """All results; keys are stable."""
    return {
        "role": role,
        "peer": peer,
        "conforms": not has_broken(results, strict),
        "counts": {level.value: _count(results, level) for level in Level},
        "results": [_row(one) for one in results],
    }


def junit_xml(results: Sequence[Result], role: str, strict: bool) -> str:
    """One suite a level; what does not count against the peer is no failure but output."""
    root = Element("testsuites", name="otx opamp conform")
    for level in Level:
        of_level = [one for one in results if one.rule.level is level]
        if not of_level:
            continue
        suite = SubElement(root, "testsuite", name=f"OpAMP {role} {level.value}")
        for one in of_level:
            suite.append(_case(one, role, strict))
        _set_counts(suite, [suite])
    _set_counts(root, list(root))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(result: Result, role: str, strict: bool) -> Element:
    rule = result.rule
    name = f"{rule.number} {result.transport}: {rule.sentence}"
    case = Element("testcase", name=_clean(name), classname=f"opamp.{role}.{rule.level.value}")
    case.set("time", f"{result.seconds:.3f}")
    text = "\n".join(result_lines(result, Painter(wants_colour=False)))
    if result.verdict is Verdict.FAILED and has_broken([result], strict):
        failure = SubElement(case, "failure", message=_clean(result.reason), type=rule.level.value)
        failure.text = _clean(text)
    elif result.verdict is Verdict.FAILED:
        SubElement(case, "system-out").text = _clean(text)
    elif result.verdict is not Verdict.PASSED:
        SubElement(case, "skipped", message=_clean(f"{result.verdict.value}: {result.reason}"))
    return case


def _set_counts(element: Element, suites: Iterable[Element]) -> None:
    cases = [case for suite in suites for case in suite.iter("testcase")]
    element.set("tests", str(len(cases)))
    element.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _row(result: Result) -> dict[str, Any]:
    rule = result.rule
    return {
        "rule": rule.number,
        "level": rule.level.value,
        "transport": result.transport,
        "section": rule.section,
        "sentence": rule.sentence,
        "verdict": result.verdict.value,
        "reason": result.reason or None,
        "seconds": round(result.seconds, 3),
        "evidence": [_evidence(one) for one in result.evidence],
    }


def _evidence(passage: Passage) -> dict[str, Any]:
    message = passage.message
    return {
        "way": passage.way,
        "message": None if message is None else message_document(message),
        "note": passage.note or None,
        "hex": shown_hex(passage),
    }


def _words(passage: Passage) -> str:
    said = [] if passage.message is None else [to_json(message_document(passage.message))]
    return " ".join([*said, *([passage.note] if passage.note else [])]) or "no message"


def _count(results: Sequence[Result], level: Level) -> dict[str, int]:
    of_level = [one.verdict for one in results if one.rule.level is level]
    return {verdict.name.lower(): of_level.count(verdict) for verdict in Verdict}


def _counts(results: Sequence[Result]) -> str:
    verdicts = [one.verdict for one in results]
    counted = [(verdicts.count(one), one.value) for one in Verdict]
    return ", ".join(f"{count} {word}" for count, word in counted if count)


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
