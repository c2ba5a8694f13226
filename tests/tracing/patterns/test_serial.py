"""Serial work is children on the path that only time orders."""

from dataclasses import replace

from otx.model.telemetry import SpanLink
from otx.tracing.patterns.serial import find_serial
from tests.tracing.calls import span
from tests.tracing.patterns.scenes import told

ROOT = span("root", "", 0, 100, "SERVER")
PRICE, STOCK = span("price", "root", 0, 40), span("stock", "root", 40.0001, 100)


def test_children_in_a_row_could_run_side_by_side() -> None:
    assert told(find_serial, ROOT, PRICE, STOCK) == [
        "shop root waited for 2 children one after the other (shop price, shop stock); side by side"
        " they would take at most 40.0 ms less, if none needs what another found."
    ]


def test_children_in_whole_milliseconds_may_overlap_by_less_than_one() -> None:
    (said,) = told(find_serial, ROOT, PRICE, span("stock", "root", 40, 100))
    assert "2 children that overlap by at most 1.00 ms, if at all (shop price, shop stock)" in said


def test_children_whose_clocks_do_not_compare_are_in_no_order() -> None:
    assert told(find_serial, ROOT, PRICE, span("stock", "root", 40.0001, 100, host="far")) == []


def test_what_links_to_the_other_failed_or_saves_little_does_not() -> None:
    linked = span("below", "stock", 50, 60)
    linked = replace(linked, links=[SpanLink("t", "price")])
    assert told(find_serial, ROOT, PRICE, STOCK, linked) == []
    assert told(find_serial, ROOT, replace(PRICE, status="ERROR"), STOCK) == []
    assert told(find_serial, ROOT, replace(PRICE, start_unix_nano=38_000_000), STOCK) == []
    assert told(find_serial, ROOT, PRICE, replace(STOCK, name="price")) == []
