"""Records in words."""

from collections.abc import Iterator
from typing import Any

import pytest

from otx.ottl.describe import Numbers, describe
from otx.ottl.records import WALKS, Batch
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
