"""ParseJSON in statements; what is JSON is tested where it is read."""

from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":null,"b":[true,1.5,{"c":"d"}]}', {"a": None, "b": [True, 1.5, {"c": "d"}]}),
        ("[1]", [1.0]),
    ],
)
def test_a_map_or_list_is_read(evaluate: Evaluate, text: str, value: Any) -> None:
    assert evaluate('ParseJSON(attributes["x"])', {"x": text}) == value


@pytest.mark.parametrize("argument", ["5", '"{bad"', '"null"', '"1"', 'attributes["missing"]'])
def test_nothing_else_is(evaluate: Evaluate, argument: str) -> None:
    with pytest.raises((OttlError, ExecutionError)):
        evaluate(f"ParseJSON({argument})")


def test_a_literal_gives_every_record_a_value_of_its_own(evaluate: Evaluate) -> None:
    assert evaluate('ParseJSON("[1]")') is not evaluate('ParseJSON("[1]")')
