"""Orders of siblings hold until a trace refutes them."""

from otx.model.telemetry import Span
from otx.tracing.assembly import Trace, assemble
from otx.tracing.sibling_orders import FEWEST, sibling_orders
from tests.tracing.kept import call


def trace(number: int, a: tuple[float, float], b: tuple[float, float], b_of: str = "shop") -> Trace:
    spans: list[Span] = [
        call(number, 1, 0, 0, 100),
        call(number, 2, 1, *a, "a"),
        call(number, 3, 1, *b, "b", service=b_of),
    ]
    return assemble(spans)


def test_what_always_comes_first_is_told() -> None:
    (found,) = sibling_orders(trace(n, (0, 10), (10, 20)) for n in range(1, FEWEST + 1))
    assert (found.first, found.second) == (("shop", "a"), ("shop", "b"))
    assert (found.traces, found.before, found.is_refuted) == (FEWEST, FEWEST, False)


def test_one_trace_refutes_it() -> None:
    many = [trace(n, (0, 10), (10, 20)) for n in range(1, 20)]
    (found,) = sibling_orders([*many, trace(77, (0, 15), (10, 20))])
    assert (found.traces, found.before, found.counter_example) == (20, 19, f"{77:032x}")


def test_orders_are_told_whichever_name_comes_first() -> None:
    (found,) = sibling_orders(trace(n, (50, 60), (10, 20)) for n in range(1, 20))
    assert (found.first, found.second) == (("shop", "b"), ("shop", "a"))


def test_no_order_is_told_of_few_traces_or_of_none() -> None:
    assert sibling_orders(trace(n, (0, 10), (10, 20)) for n in range(1, FEWEST)) == []
    mixed = [trace(n, (0, 10), (10, 20) if n % 2 else (5, 20)) for n in range(1, 40)]
    assert sibling_orders(mixed) == []


def test_other_clocks_do_not_compare() -> None:
    assert sibling_orders(trace(n, (0, 10), (10, 20), "bank") for n in range(1, 20)) == []
