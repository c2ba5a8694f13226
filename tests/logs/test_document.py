"""The document of a record holds all of it, by names that scripts may rely on."""

from dataclasses import fields

from otx.logs.document import log_document
from otx.model.telemetry import LogRecord

RECORD = LogRecord(1, 17, "ERROR", "shop", {"order": 1}, "a" * 32, "b" * 16, attributes={"k": 1})


def test_nothing_is_left_out_and_times_are_words() -> None:
    document = log_document(RECORD)
    assert len(document) == len(fields(LogRecord))
    assert document["time"] == "1970-01-01T00:00:00.000000001Z"
    assert (document["severity_number"], document["body"]) == (17, {"order": 1})
