"""The OTTL policies of tail sampling: whole traces are kept or dropped."""

from typing import Any

import pytest

from otx.ottl.batch import Batch
from otx.ottl.processors.config import ConfigInvalid
from otx.ottl.processors.drops import Drops
from otx.ottl.processors.tail_sampling import TailSampling, read_tail_sampling
from otx.ottl.program import ExecutionStopped, Outcome
from tests.ottl.documents import document
from tests.ottl.vector_run import open_case


def policy(name: str = "p", **conditions: Any) -> dict[str, Any]:
    return {"name": name, "type": "ottl_condition", "ottl_condition": conditions}


def sampling(*policies: Any) -> TailSampling:
    return read_tail_sampling({"policies": list(policies)})


def trace(number: int, *names: str) -> list[dict[str, Any]]:
    return [
        {"name": one, "traceId": f"{number:032x}", "events": [{"name": f"e{one}"}]} for one in names
    ]


SPANS = document("Spans", *trace(1, "a", "b"), *trace(2, "c"), *trace(1, "d"))


def kept(made: TailSampling) -> list[str]:
    batch = open_case({"input": SPANS})
    made.run(batch, Outcome())
    return [one.item.name.decode() for one in Batch(batch.signal, batch.close()).items()]


@pytest.mark.parametrize(
    ("policies", "names"),
    [
        ([policy(span=['name == "b"'])], ["a", "b", "d"]),
        ([policy(span=['name == "b"']), policy("q", span=['name == "c"'])], ["a", "b", "c", "d"]),
        ([policy(span=['name == "z"', 'name == "c"'])], ["c"]),
        ([policy(spanevent=['name == "ed"'])], ["a", "b", "d"]),
        ([policy(span=['name == "z"'])], []),
        # Nothing is decided without an OTTL policy.
        ([], ["a", "b", "c", "d"]),
        ([{"name": "slow", "type": "latency"}], ["a", "b", "c", "d"]),
    ],
)
def test_a_trace_is_kept_where_a_policy_holds_for_one_of_its_spans(
    policies: list[Any], names: list[str]
) -> None:
    assert kept(sampling(*policies)) == names


def test_what_is_empty_afterwards_goes_too() -> None:
    batch = open_case({"input": SPANS})
    sampling(policy(span=['name == "z"'])).run(batch, Outcome())
    assert batch.close() == b""


def test_spans_and_traces_that_are_dropped_are_counted() -> None:
    drops = Drops()
    made = sampling(policy(span=['name == "c"']))
    made.run(open_case({"input": SPANS}), Outcome(), drops)
    dropped, left = drops.by_rule["policies"], drops.kept_by_rule["policies"]
    assert (dropped, left, drops.traces_by_rule["policies"]) == (3, 1, 1)


def test_another_signal_is_let_through() -> None:
    batch = open_case({"input": document("Logs", {})})
    before = batch.close()
    sampling(policy(span=['name == "z"'])).run(batch, Outcome())
    assert batch.close() == before


def test_policies_of_other_types_are_named_and_checked_where_they_hold_ottl() -> None:
    made = sampling(
        {"name": "slow", "type": "latency"},
        policy("ottl", span=["kind == 2"]),
        {"name": "both", "type": "and", "and": {"and_sub_policy": [policy(span=["kind == 1"])]}},
    )
    assert [one.name for one in made.policies] == ["ottl"]
    assert list(made.others) == ["slow", "both"]


def test_a_failure_counts_as_false_unless_it_propagates() -> None:
    failing = 'HasPrefix(attributes["none"], "x")'
    assert kept(sampling(policy(span=[failing, 'name == "c"']))) == ["c"]
    with pytest.raises(ExecutionStopped):
        kept(sampling(policy(span=[failing], error_mode="propagate")))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ([], "a map is wanted"),
        ({"policies": 5}, "policies: a list is wanted"),
        ({"policies": [5]}, "policies[0]: a map is wanted"),
        ({"policies": [policy()]}, "has conditions for span or spanevent"),
        (
            {"policies": [{"name": "p", "type": "ottl_condition"}]},
            "has conditions for span or spanevent",
        ),
        (
            {"policies": [policy(span=["true"])] * 2},
            "policies[1].name: there is a policy 'p' before",
        ),
        ({"policies": [{"type": "latency"}]}, "policies[0]: a policy has a name"),
        ({"policies": [policy(spam=["true"], span=["true"])]}, "there is no key 'spam'"),
        ({"policies": [policy(span=["nmae == 1"])]}, "policies[0].ottl_condition.span[0]: 1:1: "),
        (
            {
                "policies": [
                    {"type": "and", "and": {"and_sub_policy": [policy(span=["nmae == 1"])]}}
                ]
            },
            "policies[0].and.and_sub_policy[0].ottl_condition.span[0]: 1:1: ",
        ),
    ],
)
def test_what_is_no_configuration_is_refused(config: Any, said: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        read_tail_sampling(config)
    assert said in "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("outer", "path"),
    [
        (
            {"type": "and", "and": {"and_sub_policy": [policy(span=["name"])]}},
            "and.and_sub_policy[0]",
        ),
        (
            {"type": "drop", "drop": {"drop_sub_policy": [policy(span=["name"])]}},
            "drop.drop_sub_policy[0]",
        ),
        ({"type": "not", "not": {"not_sub_policy": policy(span=["name"])}}, "not.not_sub_policy"),
        (
            {
                "type": "composite",
                "composite": {
                    "composite_sub_policy": [
                        {"type": "and", "and": {"and_sub_policy": [policy(span=["name"])]}}
                    ]
                },
            },
            "composite.composite_sub_policy[0].and.and_sub_policy[0]",
        ),
    ],
)
def test_policies_within_policies_are_checked_and_not_decided(
    outer: dict[str, Any], path: str
) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        sampling({"name": "outer", **outer})
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"policies[0].{path}.ottl_condition.span[0]: ")


def test_policies_that_are_made_of_others_are_not_decided() -> None:
    inner = {"drop_sub_policy": [policy(span=['name == "a"'])]}
    made = sampling({"name": "outer", "type": "drop", "drop": inner})
    assert (made.others, made.dropping) == ([], ["outer"])
    assert not made.policies
