"""What may be claimed of an experiment, and a short one for real."""

from dataclasses import replace
from pathlib import Path

import pytest

from otx.profile.paired import Loss
from otx.services.self_test import AMPLIFIED_HZ, SelfTest, run_self_test
from otx.system.bpf_support import probe_all

NULL = Loss(0.000_1, -0.002, 0.002, 40)
AMPLIFIED = Loss(0.05, 0.04, 0.06, 40)
GOOD = SelfTest(99, NULL, Loss(0.003, -0.001, 0.006, 40), AMPLIFIED, 2, 9000, 0, 24_000)


def test_the_claim_is_the_upper_end_of_what_the_high_rate_tells() -> None:
    assert GOOD.bound == pytest.approx(0.06 * 99 / AMPLIFIED_HZ)
    assert GOOD.claim == (
        "at 99 Hz sampling takes less than 0.30% of a busy thread's time (95% confidence)"
    )
    cost = GOOD.sample_cost_ns
    assert cost is not None and cost.median == pytest.approx(0.05 * 1e9 / AMPLIFIED_HZ)


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (replace(GOOD, null=None), "too few pairs"),
        (replace(GOOD, amplified=None), "too few pairs"),
        (replace(GOOD, null=Loss(0.01, 0.005, 0.02, 40)), "the null"),
        (replace(GOOD, null=Loss(-0.01, -0.02, -0.005, 40)), "the null"),
        (replace(GOOD, samples=0), "nothing was sampled"),
    ],
)
def test_nothing_is_claimed_that_was_not_seen(test: SelfTest, why: str) -> None:
    assert test.bound is None
    assert test.claim.startswith("nothing may be claimed: ") and why in test.claim


@pytest.mark.bpf
@pytest.mark.long  # five seconds give the least number of blocks
def test_for_real_it_samples_its_target_and_claims_no_nonsense(tmp_path: Path) -> None:
    for probe in probe_all():
        if not probe.ok:
            pytest.skip(f"{probe.name}: {probe.detail}")
    found = run_self_test(99, 10, tmp_path)
    assert found.samples > 500
    if found.bound is not None:  # whoever else is busy here may forbid a claim
        assert 0 < found.bound < 0.05
