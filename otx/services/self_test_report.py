"""What `otx profile --self-test` prints, for people and as a document."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from otx.output import Row
from otx.profile.paired import CONFIDENCE, Loss
from otx.services.self_test import AMPLIFIED_HZ, SelfTest
from otx.system.bpf_support import Probe

MARKS = {True: "●", False: "▲"}
CAPABILITY_COLUMNS = ("name", "has", "detail", "fix")
EXPERIMENT_COLUMNS = ("experiment", "loss", "interval", "pairs")


def capability_rows(probes: Sequence[Probe]) -> list[Row]:
    """What the machine has, a row each."""
    return [
        {"name": probe.name, "has": MARKS[probe.ok], "detail": probe.detail, "fix": probe.fix}
        for probe in probes
    ]


def experiment_rows(test: SelfTest) -> list[Row]:
    """What each experiment found, a row each."""
    losses = {
        "null: nothing switched": test.null,
        f"{test.frequency_hz} Hz": test.direct,
        f"{AMPLIFIED_HZ} Hz": test.amplified,
        f"{test.frequency_hz} Hz, told by {AMPLIFIED_HZ}": test.scaled,
    }
    return [_row(name, loss) for name, loss in losses.items()]


def _row(name: str, loss: Loss | None) -> Row:
    if loss is None:
        return {"experiment": name, "loss": "unknown", "interval": "", "pairs": "0"}
    return {
        "experiment": name,
        "loss": f"{loss.median:.2%}",
        "interval": f"{loss.low:.2%} to {loss.high:.2%}",
        "pairs": str(loss.pairs),
    }


def report_lines(test: SelfTest) -> Iterator[str]:
    """What follows from it, the claim last."""
    cost = test.sample_cost_ns
    if cost is not None:
        calibrated = test.calibrated_cost_ns
        beside = f"; calibrated {calibrated / 1000:.1f} µs" if calibrated else ""
        yield (
            f"a sample costs {cost.median / 1000:.1f} µs"
            f" ({cost.low / 1000:.1f} to {cost.high / 1000:.1f}){beside}"
        )
    yield f"{test.samples} samples, {test.lost} lost, {test.left_out} pairs left out"
    yield test.claim


def report_document(test: SelfTest | None, probes: Sequence[Probe], reason: str) -> dict[str, Any]:
    """All of it, by stable names.

    Args:
        test: None where this machine cannot sample.
        reason: Why it cannot.
    """
    document: dict[str, Any] = {"capabilities": [asdict(probe) for probe in probes]}
    if test is None:
        return {**document, "claim": None, "reason": reason}
    bound = test.bound
    return {
        **document,
        "frequency_hz": test.frequency_hz,
        "null": _loss(test.null),
        "direct": _loss(test.direct),
        "amplified": _loss(test.amplified),
        "amplified_hz": AMPLIFIED_HZ,
        "scaled": _loss(test.scaled),
        "sample_cost_ns": _loss(test.sample_cost_ns, digits=0),
        "calibrated_cost_ns": test.calibrated_cost_ns,
        "samples": test.samples,
        "lost": test.lost,
        "left_out": test.left_out,
        "claim": None
        if bound is None
        else {"below": round(bound, 6), "confidence": CONFIDENCE, "text": test.claim},
        "reason": test.why_not,
    }


def _loss(loss: Loss | None, digits: int = 6) -> dict[str, float] | None:
    if loss is None:
        return None
    values = {"median": loss.median, "low": loss.low, "high": loss.high}
    return {**{name: round(value, digits) for name, value in values.items()}, "pairs": loss.pairs}
