"""route: a row of a routing table takes what its condition is true for."""

import pytest

from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.routing import read_routing
from otx.ottl.processors.transform import read_transform
from otx.ottl.program import Outcome
from otx.ottl.unit_tests.record_state import Part, WrittenRecord, request_of


def test_a_row_takes_what_its_statement_is_true_for() -> None:
    connector = read_routing(
        {
            "default_pipelines": ["logs/other"],
            "table": [
                {
                    "context": "log",
                    "statement": 'route() where body == "a"',
                    "pipelines": ["logs/a"],
                }
            ],
        }
    )
    records = [WrittenRecord(Part({"body": body})) for body in ("a", "b")]
    batch = Batch(Signal.LOGS, request_of(Signal.LOGS, records))
    routes = connector.route(batch, Outcome())
    assert routes.indexes == {"logs/a": [0], "logs/other": [1]}


def test_it_belongs_to_the_connector_alone() -> None:
    with pytest.raises(ConfigInvalid, match="undefined function 'route'"):
        read_transform({"log_statements": ['route() where log.body == "a"']})
