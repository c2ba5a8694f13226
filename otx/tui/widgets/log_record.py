"""Everything about one log record."""

import json
from collections.abc import Mapping, Sequence

from otx.model.telemetry import AttributeValue, LogRecord
from otx.model.units import format_duration, format_time
from otx.output import to_json, value_text
from otx.tui.widgets.details import Details, Line, Section, attribute_lines
from otx.tui.widgets.log_list import SEVERITY_INKS


class LogRecordDetail(Details):
    """The details of a log record."""

    HELP = "The record as it came: body, ids, attributes, resource."


def record_sections(record: LogRecord) -> list[Section]:
    """What there is to say about a record."""
    letter = record.severity_letter
    severity = record.severity_text or letter
    if record.severity_number:
        severity += f" ({record.severity_number})"
    first: list[Line] = [
        ((f" {severity}", SEVERITY_INKS.get(letter, "")), (f"   {record.service}", "strong")),
        ((" ", ""), (format_time(record.time_unix_nano), "dim")),
    ]
    if record.observed_unix_nano > record.time_unix_nano > 0:
        late = format_duration(record.observed_unix_nano - record.time_unix_nano)
        first.append(((" observed  ", "dim"), (f"+{late}", "")))
    if record.event_name:
        first.append(((" event     ", "dim"), (record.event_name, "")))
    first.append(((" around    ", "dim"), ("x: ±10 records", "")))
    body: list[Line] = [((" ", ""), (pretty_body(record.body), ""))]
    sections = [Section("", first), Section("body", body)]
    if record.trace_id:
        sections.append(
            Section(
                "trace",
                [
                    ((" ", ""), (record.trace_id, "")),
                    ((" span ", "dim"), (record.span_id or "–", "")),
                    ((" ", ""), ("T opens the trace at this span", "dim")),
                ],
            )
        )
    sections += [
        Section("attributes", attribute_lines(record.attributes), f"({len(record.attributes)})"),
        Section(
            "resource",
            attribute_lines(record.resource),
            f"({len(record.resource)})",
            begins_open=False,
        ),
    ]
    if record.scope:
        sections.append(Section("scope", [((" ", ""), (record.scope, ""))], record.scope, False))
    return sections


def pretty_body(body: AttributeValue) -> str:
    """A body for people: structure, also such as was logged as JSON text, over several lines."""
    if isinstance(body, str) and body[:1] in ("{", "["):
        try:
            return to_json(json.loads(body), indent=2)
        except ValueError:  # text that only begins like JSON
            return body
    if isinstance(body, Mapping) or (isinstance(body, Sequence) and not isinstance(body, str)):
        return value_text(body) if isinstance(body, bytes) else to_json(body, indent=2)
    return value_text(body) if body is not None else ""
