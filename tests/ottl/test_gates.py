"""Feature gates by their Collector names."""

import pytest

from otx.errors import UsageError
from otx.ottl.gates import GATES, switched

LAMBDA = "ottl.functions.enableLambda"
STABLE = [name for name, stage in GATES.items() if stage == "stable"]


def test_those_that_are_stable_are_on() -> None:
    assert switched("") == set(STABLE)


@pytest.mark.parametrize("text", [f"+{LAMBDA}", LAMBDA, f" +{LAMBDA} ,"])
def test_a_gate_is_switched_on(text: str) -> None:
    assert switched(text) == switched("") | {LAMBDA}


def test_the_gate_that_later_collectors_want_for_lambdas_may_be_given_with_theirs() -> None:
    assert LAMBDA in switched(f"+{LAMBDA},+pkg.ottl.functions.enableExperimental")


def test_a_gate_is_switched_off_and_the_last_word_counts() -> None:
    assert LAMBDA not in switched(f"+{LAMBDA},-{LAMBDA}")
    assert LAMBDA in switched(f"-{LAMBDA},+{LAMBDA}")


@pytest.mark.parametrize("name", STABLE)
def test_a_stable_gate_may_be_named_and_not_switched_off(name: str) -> None:
    assert switched(f"+{name}") == switched("")
    with pytest.raises(UsageError, match=f"{name} is stable and cannot be switched off"):
        switched(f"-{name}")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("+ottl.set.alowNil", "did you mean ottl.set.allowNil?"),
        ("+x", "those are ottl.functions."),
    ],
)
def test_a_name_that_is_no_gate_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is no feature gate of OTTL") as caught:
        switched(text)
    assert caught.value.hint.startswith(hint)
