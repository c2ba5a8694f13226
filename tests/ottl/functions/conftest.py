"""What the tests of functions share: text that runs on a log record made of plain values."""

import pytest

from tests.ottl import log_record
from tests.ottl.log_record import Change, Evaluate


@pytest.fixture
def evaluate() -> Evaluate:
    """Evaluates a value expression."""
    return log_record.evaluate


@pytest.fixture
def change() -> Change:
    """Runs a statement, writes its data and reads it again."""
    return log_record.change
