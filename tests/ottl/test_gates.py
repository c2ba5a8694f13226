"""Feature gates by their Collector names."""

import pytest

from otx.errors import UsageError
from otx.ottl.gates import GATES, switched

LAMBDA = "ottl.functions.enableLambda"


def test_those_that_are_on_by_default_are_on() -> None:
    assert switched("") == {name for name, is_on in GATES.items() if is_on}


@pytest.mark.parametrize("text", [f"+{LAMBDA}", LAMBDA, f" +{LAMBDA} ,"])
def test_a_gate_is_switched_on(text: str) -> None:
    assert switched(text) == switched("") | {LAMBDA}


def test_a_gate_is_switched_off_and_the_last_word_counts() -> None:
    assert "ottl.set.allowNil" not in switched("-ottl.set.allowNil")
    assert "ottl.set.allowNil" in switched("-ottl.set.allowNil,+ottl.set.allowNil")


@pytest.mark.parametrize(
    ("text", "hint"),
    [("+ottl.set.alowNil", "did you mean ottl.set.allowNil?"), ("+x", "those are ottl.functions.")],
)
def test_a_name_that_is_no_gate_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is no feature gate of OTTL") as caught:
        switched(text)
    assert caught.value.hint.startswith(hint)
