"""Everything about one log record."""

from otx.model.telemetry import LogRecord
from otx.model.units import format_duration, format_time
from otx.tui.widgets.details import Details, Line, Section, attribute_lines, value_text
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
    body: list[Line] = [((" ", ""), (value_text(record.body), ""))]
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
