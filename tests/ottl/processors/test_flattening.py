"""Log records that stand alone while a transform processor runs, and are joined again."""

from typing import Any

import pytest

from otx.ottl.batch import Batch
from otx.ottl.gates import switched
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.transform import read_transform
from otx.ottl.program import ExecutionStopped, Outcome
from tests.ottl.documents import attributes
from tests.ottl.vector_run import open_case

GATES = switched("+transform.flatten.logs")


def logs(*severities: int) -> list[dict[str, Any]]:
    return [{"severityNumber": one} for one in severities]


def scope(name: str, *severities: int) -> dict[str, Any]:
    return {"scope": {"name": name}, "schemaUrl": "u", "logRecords": logs(*severities)}


WHOLE = {
    "resourceLogs": [
        {
            "resource": {"attributes": attributes(host="a"), "droppedAttributesCount": 3},
            "schemaUrl": "r",
            "scopeLogs": [scope("s", 5, 9), scope("t", 5)],
        },
        {"resource": {"attributes": attributes(host="b")}, "scopeLogs": [scope("s", 5)]},
    ]
}


def run(*statements: str, **more: Any) -> Batch:
    config = {"flatten_data": True, "log_statements": list(statements), **more}
    batch = open_case({"input": WHOLE})
    read_transform(config, GATES).run(batch, Outcome())
    return batch


def layout(batch: Batch) -> list[Any]:
    """The numbers of the records by scope, by resource, as they are written and read again."""
    again = Batch(batch.signal, batch.close())
    return [
        (
            dict(resource.attributes),
            [[one.item.severity_number for one in s.items] for s in resource.scopes],
        )
        for resource in again.resources
    ]


def test_each_record_has_a_resource_of_its_own_and_equal_ones_are_joined() -> None:
    batch = run('set(resource.attributes["n"], log.severity_number)')
    assert layout(batch) == [
        ({"host": "a", "n": 5}, [[5], [5]]),
        ({"host": "a", "n": 9}, [[9]]),
        ({"host": "b", "n": 5}, [[5]]),
    ]


def test_resources_and_scopes_that_became_equal_are_joined() -> None:
    batch = run('set(resource.attributes["host"], "c")', 'set(scope.name, "x")')
    assert layout(batch) == [({"host": "c"}, [[5, 9, 5, 5]])]


def test_what_a_resource_has_beside_attributes_is_lost_as_in_the_collector() -> None:
    batch = run('set(log.severity_text, "x")')
    message: Any = batch.message
    batch.flush()
    assert [one.schema_url for one in message.resource_logs] == [b"", b""]
    assert message.resource_logs[0].resource.dropped_attributes_count == 0
    assert [one.schema_url for one in message.resource_logs[0].scope_logs] == [b"u", b"u"]
    assert layout(batch) == [({"host": "a"}, [[5, 9], [5]]), ({"host": "b"}, [[5]])]


def test_records_stay_those_that_came() -> None:
    batch = open_case({"input": WHOLE})
    came = list(batch.items())
    config = {
        "flatten_data": True,
        "log_statements": ['set(log.body, resource.attributes["host"])'],
    }
    read_transform(config, GATES).run(batch, Outcome())
    assert {id(one) for one in batch.items()} == {id(one) for one in came}
    assert [one.body for one in came] == ["a", "a", "a", "b"]
    assert all(one in one.scope.items for one in came)


def test_a_failure_leaves_them_joined() -> None:
    with pytest.raises(ExecutionStopped):
        run("set(log.body, Substring(log.severity_text, 0, 9))", error_mode="propagate")


def test_it_needs_its_gate() -> None:
    with pytest.raises(ConfigInvalid, match="flatten_data needs the feature gate"):
        read_transform({"flatten_data": True})
    with pytest.raises(ConfigInvalid, match="true or false is wanted, not a text"):
        read_transform({"flatten_data": "yes"})
    assert not read_transform({"flatten_data": False}).flattens
