"""Results as text, JSON and JUnit, and nothing secret among them."""

import json
from xml.etree.ElementTree import fromstring

import pytest

from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.rules import rule
from otx.output import Painter, to_json
from otx.services.opamp_conform.outcome import Passage, Result, Verdict, has_broken, pair
from otx.services.opamp_conform.report import document, junit_xml, result_lines, summary_lines

SECRET = b"password: hunter2"
OFFER = ServerToAgent(instance_uid=b"u" * 16)
OFFER.remote_config.config.config_map[""].body = SECRET
OFFER.connection_settings.opamp.headers.headers.add(key="Authorization", value="Bearer hunter2")
OFFER.connection_settings.opamp.certificate.private_key = SECRET
REPORT = AgentToServer(instance_uid=b"u" * 16, sequence_num=5)
REPORT.effective_config.config_map.config_map["a"].body = SECRET
EVIDENCE = [
    Passage("sent", b"\0" + OFFER.SerializeToString(), OFFER, 1.0),
    Passage("received", b"\0" + REPORT.SerializeToString(), REPORT, 2.0),
    Passage("received", b"\xff" + SECRET * 9, None, 3.0, "no protobuf \x1b[31m"),
]
RESULTS = [
    Result(rule(58), "ws", Verdict.FAILED, "after 5 comes 7 \x1b]0;", EVIDENCE, 0.25),
    Result(rule(56), "http", Verdict.FAILED, "sent again", (), 0.5),
    Result(rule(64), "ws", Verdict.PASSED),
    Result(rule(28), "http", Verdict.NOT_TESTABLE, "takes 10 s"),
    Result(rule(126), "ws", Verdict.NOT_APPLICABLE, "no packages"),
]


def as_text(form: str) -> str:
    painter = Painter(wants_colour=False)
    return {
        "text": "\n".join(line for one in RESULTS for line in result_lines(one, painter)),
        "json": to_json(document(RESULTS, "client", "agent", False)),
        "junit": junit_xml(RESULTS, "client", False),
    }[form]


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_nothing_secret_is_shown(form: str) -> None:
    text = as_text(form)
    assert "hunter2" not in text
    assert SECRET.hex() not in text
    assert b"Bearer hunter2".hex() not in text
    assert "\x1b" not in text
    assert ("2a" * len(SECRET)) in text, "as long as it was"
    assert "sequence_num" in text


def test_a_failure_shows_its_pair_and_section() -> None:
    lines = result_lines(RESULTS[0], Painter(wants_colour=False))
    assert lines[0].startswith("failed            MUST    58 ws ")
    assert "OpAMP specification: sequence_num" in lines[1]
    assert [line.split(":")[0].strip() for line in lines[2::2]] == ["sent", "received", "received"]


def test_the_document_counts_by_level() -> None:
    found = json.loads(as_text("json"))
    assert found["conforms"] is False
    assert found["counts"]["MUST"] == {
        "passed": 1,
        "failed": 1,
        "not_testable": 1,
        "not_applicable": 1,
    }
    assert found["counts"]["SHOULD"]["failed"] == 1
    assert [one["rule"] for one in found["results"]] == [58, 56, 64, 28, 126]
    assert found["results"][0]["evidence"][1]["message"]["sequence_num"] == 5


def test_a_should_is_a_failure_when_strict() -> None:
    assert has_broken(RESULTS, strict=False)
    assert not has_broken(RESULTS[1:], strict=False)
    assert has_broken(RESULTS[1:], strict=True)
    for strict, failures in ((False, "1"), (True, "2")):
        root = fromstring(junit_xml(RESULTS, "client", strict))
        assert root.get("tests") == "5"
        assert root.get("failures") == failures
        assert root.get("skipped") == "2"
        assert [one.get("name") for one in root] == ["OpAMP client MUST", "OpAMP client SHOULD"]


def test_the_summary_has_a_line_a_level() -> None:
    assert summary_lines(RESULTS) == [
        "MUST   1 passed, 1 failed, 1 not testable here, 1 not applicable",
        "SHOULD 1 failed",
    ]


def test_of_what_was_sent_the_question_is_shown() -> None:
    question = Passage("sent", b"q", None, 1.0, is_probe=True)
    answer = Passage("sent", b"a", None, 3.0)
    heard = [Passage("received", b"1", None, 2.0), Passage("received", b"2", None, 4.0)]
    passages = [question, heard[0], answer, heard[1]]
    assert pair(passages) == [question, heard[1]]
    assert pair(passages, heard[0]) == [question, heard[0]]
    assert pair([answer]) == [answer]
