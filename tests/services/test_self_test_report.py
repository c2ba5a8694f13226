"""The self-test for people and as a document."""

from dataclasses import replace

from otx.services.self_test_report import (
    capability_rows,
    experiment_rows,
    report_document,
    report_lines,
)
from otx.system.bpf_support import Probe
from tests.services.test_self_test import GOOD

PROBES = [Probe("libbpf", True, "libbpf.so.1"), Probe("kernel BTF", False, "not there", "use one")]


def test_people_read_marks_shares_and_the_claim_last() -> None:
    assert [row["has"] for row in capability_rows(PROBES)] == ["●", "▲"]
    rows = experiment_rows(GOOD)
    assert rows[0] == {
        "experiment": "null: nothing switched",
        "loss": "0.01%",
        "interval": "-0.20% to 0.20%",
        "pairs": "40",
    }
    assert rows[3]["interval"] == "0.20% to 0.30%"
    assert list(report_lines(GOOD)) == [
        "a sample costs 25.0 µs (20.0 to 30.0); calibrated 24.0 µs",
        "9000 samples, 0 lost, 2 pairs left out",
        GOOD.claim,
    ]


def test_what_is_unknown_is_said_so() -> None:
    unknown = replace(GOOD, amplified=None, direct=None)
    assert [row["loss"] for row in experiment_rows(unknown)] == ["0.01%"] + ["unknown"] * 3
    assert report_document(unknown, [], "")["claim"] is None


def test_scripts_read_the_claim_as_numbers() -> None:
    document = report_document(GOOD, PROBES, "")
    assert document["claim"]["below"] == 0.002971 and document["claim"]["confidence"] == 0.95
    assert document["capabilities"][1]["fix"] == "use one"
    assert document["sample_cost_ns"] == {"median": 25013, "low": 20010, "high": 30015, "pairs": 40}
    assert document["reason"] == ""


def test_a_machine_that_cannot_sample_has_capabilities_all_the_same() -> None:
    document = report_document(None, PROBES, "no rights")
    assert (document["claim"], document["reason"]) == (None, "no rights")
    assert len(document["capabilities"]) == 2
