"""Records in words."""

from collections.abc import Iterator
from typing import Any

import pytest

from otx.ottl.batch import WALKS, Batch
from otx.ottl.describe import Numbers, describe
from tests.ottl.documents import Document, attributes, document
from tests.ottl.vector_run import open_case

IDS = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}

SHOP = {
    "resourceLogs": [
        {
            "resource": {"attributes": attributes(service__name="shop")},
            "scopeLogs": [{"scope": {"name": "lib"}}],
        }
    ]
}


def opened(whole: Document) -> Batch:
    return open_case({"input": whole})


def told(whole: Document, context: str) -> list[str]:
    batch = opened(whole)
    numbers = Numbers(batch)
    return [describe(one, numbers) for one in WALKS[context](batch)]


def spans(*names: str) -> Document:
    part = {"name": "e", "timeUnixNano": "1"}
    return document(
        "Spans", *({"name": one, "events": [part], "links": [IDS], **IDS} for one in names)
    )


@pytest.mark.parametrize(
    ("whole", "context", "texts"),
    [
        (
            spans("GET /", "b"),
            "span",
            [
                f'span 1 of 2 "GET /", trace {IDS["traceId"]} span {IDS["spanId"]}',
                f'span 2 of 2 "b", trace {IDS["traceId"]} span {IDS["spanId"]}',
            ],
        ),
        (
            spans("a"),
            "spanevent",
            [f'event "e" of span 1 of 1 "a", trace {IDS["traceId"]} span {IDS["spanId"]}'],
        ),
        (
            spans("a"),
            "spanlink",
            [f'link of span 1 of 1 "a", trace {IDS["traceId"]} span {IDS["spanId"]}'],
        ),
        (
            document("Logs", {"body": {"stringValue": "x"}}, {}),
            "log",
            ['log record 1 of 2 "x"', "log record 2 of 2 without a body"],
        ),
        (document("Metrics", {"name": "m"}), "metric", ['metric 1 of 1 "m"']),
        (
            document("Metrics", {"name": "m", "gauge": {"dataPoints": [{}, {"exemplars": [{}]}]}}),
            "datapoint",
            ['data point 1 of metric 1 of 1 "m"', 'data point 2 of metric 1 of 1 "m"'],
        ),
        (
            document("Metrics", {"name": "m", "gauge": {"dataPoints": [{}, {"exemplars": [{}]}]}}),
            "exemplar",
            ['an exemplar of data point 2 of metric 1 of 1 "m"'],
        ),
        (SHOP, "scope", ['scope "lib" of the resource of "shop"']),
        (SHOP, "resource", ['the resource of "shop"']),
        ({"resourceLogs": [{}]}, "resource", ["a resource without service.name"]),
    ],
)
def test_every_record_is_told_by_number_and_name(
    whole: Document, context: str, texts: list[str]
) -> None:
    assert told(whole, context) == texts


def test_without_numbers_the_rest_is_told() -> None:
    batch = opened(spans("a"))
    assert describe(next(batch.items())).startswith('span "a", trace ')


def test_numbers_are_those_that_records_came_with() -> None:
    batch = opened(document("Metrics", {"name": "a"}, {"name": "b"}))
    numbers = Numbers(batch)
    (scope,) = batch.scopes()
    dropped = scope.items.pop(0)
    added = scope.add(dropped.item)
    kept: Iterator[Any] = batch.items()
    assert [describe(one, numbers) for one in kept] == ['metric 2 of 2 "b"', 'a new metric "a"']
    assert describe(dropped, numbers) == 'metric 1 of 2 "a"'
    assert (numbers.of(dropped), numbers.of(added)) == (1, 0)


def test_names_are_cut_and_cannot_drive_the_terminal() -> None:
    (text,) = told(document("Logs", {"body": {"stringValue": "\x1b[31m" + "x" * 500}}), "log")
    assert "\x1b" not in text
    assert len(text) < 100


def reopened(whole: Document) -> tuple[Batch, Numbers]:
    batch = opened(whole)
    return batch, Numbers(batch, lambda: opened(whole))


def test_records_go_by_the_names_that_they_came_with() -> None:
    batch, numbers = reopened(spans("a", "b"))
    span, other = batch.items()
    (event,) = span.events
    span.item.name, event.item.name, other.item.trace_id = b"masked", b"masked", bytes(16)
    assert describe(span, numbers).startswith('span 1 of 2 "a", ')
    assert describe(event, numbers).startswith('event "e" of span 1 of 2 "a", ')
    assert describe(other, numbers).endswith(f"trace {IDS['traceId']} span {IDS['spanId']}")


def test_what_lies_above_records_goes_by_the_name_that_it_came_with_too() -> None:
    batch, numbers = reopened(SHOP)
    (resource,) = batch.resources
    (scope,) = batch.scopes()
    resource.attributes["service.name"] = "masked"
    scope.item.name = b"masked"
    assert describe(scope, numbers) == 'scope "lib" of the resource of "shop"'


def test_a_body_that_is_gone_is_still_the_title_of_its_record() -> None:
    batch, numbers = reopened(document("Logs", {"body": {"stringValue": "x"}}))
    (log,) = batch.items()
    log.body = None
    assert describe(log, numbers) == 'log record 1 of 1 "x"'


def test_copies_go_by_the_name_and_number_of_what_they_were_made_of() -> None:
    batch, numbers = reopened(SHOP | document("Logs", {"body": {"stringValue": "x"}}))
    (log,) = batch.items()
    log.body = "masked"
    copied = Batch(batch.signal, batch.close())
    numbers.adopt(zip(copied.items(), batch.items(), strict=True))
    again = Batch(batch.signal, copied.close())
    numbers.adopt(zip(again.items(), copied.items(), strict=True))
    assert [describe(one, numbers) for one in again.items()] == ['log record 1 of 1 "x"']
    assert numbers.came(again.resources[0]) is not again.resources[0]


def test_what_was_added_goes_by_the_name_that_it_has() -> None:
    batch, numbers = reopened(document("Metrics", {"name": "a"}))
    (scope,) = batch.scopes()
    added = scope.add(scope.items[0].item)
    added.item.name = b"b"
    assert describe(added, numbers) == 'a new metric "b"'


def test_the_input_is_opened_once_more_only_when_something_is_said() -> None:
    asked: list[Batch] = []

    def reopen() -> Batch:
        asked.append(opened(spans("a")))
        return asked[-1]

    batch = opened(spans("a"))
    numbers = Numbers(batch, reopen)
    assert [numbers.of(one) for one in batch.items()] == [1]
    assert not asked
    assert describe(next(batch.items()), numbers) == describe(next(batch.items()), numbers)
    assert len(asked) == 1
    numbers.release()
