"""What OTTL asks the same as an expression of the filter processor's `match_type: expr`.

Those are written in expr-lang, a language of its own, over a metric's name and type and the labels
of each of its data points; a metric matches when one of its points does. What people write in it is
a handful of comparisons, and for those there is a text to copy.
"""

import re
from collections.abc import Iterator

from otx.ottl.literals import quote

_TEXT = r"""(?:"([^"\\]*)"|'([^'\\]*)')"""
_PIECES: tuple[tuple[str, "re.Pattern[str]"], ...] = tuple(
    (kind, re.compile(rf"\s*{pattern}"))
    for kind, pattern in (
        ("label", rf"Label\(\s*{_TEXT}\s*\)\s*==\s*{_TEXT}"),
        ("has label", rf"HasLabel\(\s*{_TEXT}\s*\)"),
        ("metric.name == {}", rf"MetricName\s*==\s*{_TEXT}"),
        ("metric.name != {}", rf"MetricName\s*!=\s*{_TEXT}"),
        ("IsMatch(metric.name, {})", rf"MetricName\s+matches\s+{_TEXT}"),
        ("HasPrefix(metric.name, {})", rf"MetricName\s+startsWith\s+{_TEXT}"),
        ("HasSuffix(metric.name, {})", rf"MetricName\s+endsWith\s+{_TEXT}"),
        ("type ==", rf"MetricType\s*==\s*{_TEXT}"),
        ("type !=", rf"MetricType\s*!=\s*{_TEXT}"),
        ("and", r"(?:and\b|&&)"),
        ("or", r"(?:or\b|\|\|)"),
        ("not", r"(?:not\b|!)"),
        ("(", r"\("),
        (")", r"\)"),
    )
)
_TYPES = {
    "Gauge": "GAUGE",
    "Sum": "SUM",
    "Histogram": "HISTOGRAM",
    "ExponentialHistogram": "EXPONENTIAL_HISTOGRAM",
    "Summary": "SUMMARY",
    "Empty": "NONE",
}
_ELSEWHERE = (
    "conditions of metric_conditions look at metric.name, metric.type and datapoint.attributes"
)


def ottl_hint(expression: str, *, is_include: bool) -> str:
    """A hint with the condition that drops the same metrics, where one can be told.

    Args:
        expression: The text in expr-lang.
        is_include: Whether it says which metrics stay.
    """
    pieces = list(_pieces(expression.strip()))
    labels = [text for kind, text in pieces if "label" in kind]
    negates_label = labels and any(kind == "not" for kind, _ in pieces)
    # Conditions on two labels have to hold for one point, which functions of a metric cannot say.
    if not pieces or not all(text for _, text in pieces) or len(labels) > 1 or negates_label:
        return _ELSEWHERE
    text = " ".join(text for _, text in pieces).replace("( ", "(").replace(" )", ")")
    condition = f"not ({text})" if is_include else text
    where = "a group of metric_conditions with context: metric" if labels else "metric_conditions"
    of_first = any(kind == "label" for kind, _ in pieces)
    only = ", which looks at the first point that has the label" if of_first else ""
    return f"in {where}: {condition}{only}"


def _pieces(expression: str) -> Iterator[tuple[str, str]]:
    """The parts of an expression, each with its OTTL; "" for what has none."""
    at = 0
    while at < len(expression):
        for kind, pattern in _PIECES:
            if found := pattern.match(expression, at):
                texts = [one for one in found.groups() if one is not None]
                yield kind, _ottl(kind, texts)
                at = found.end()
                break
        else:
            yield "", ""
            return


def _ottl(kind: str, texts: list[str]) -> str:
    if kind == "label":
        return f"HasAttrOnDatapoint({quote(texts[0])}, {quote(texts[1])})"
    if kind == "has label":
        return f"HasAttrKeyOnDatapoint({quote(texts[0])})"
    if kind.startswith("type"):
        symbol = _TYPES.get(texts[0])
        return f"metric.{kind} METRIC_DATA_TYPE_{symbol}" if symbol else ""
    return kind.replace("{}", quote(texts[0])) if texts else kind
