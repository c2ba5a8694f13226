"""What is lost from one format to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.propagation.conversion import XRAY_OLDEST_S, convert
from otx.propagation.decoding import decode_headers, same_trace
from otx.propagation.model import BaggageEntry, DatadogState, SpanContext
from otx.propagation.registry import BY_NAME, TARGETS, Format
from tests.propagation.strategies import contexts

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
EPOCH_S = int(TRACE[:8], 16)
PLAIN = SpanContext("0" * 16 + TRACE[16:], SPAN, True)


def lost(context: SpanContext, name: str) -> list[str]:
    return [one.code for one in convert(context, BY_NAME[name], EPOCH_S).lost]


@pytest.mark.parametrize("target", TARGETS, ids=lambda form: form.name)
def test_a_plain_context_loses_nothing(target: Format) -> None:
    assert convert(PLAIN, target, 0).lost == ()


@pytest.mark.parametrize("target", TARGETS, ids=lambda form: form.name)
@given(data=st.data())
def test_ids_arrive_wherever_they_are_sent(target: Format, data: st.DataObject) -> None:
    context = data.draw(contexts(data.draw(st.sampled_from(TARGETS))))
    made = convert(context, target, 0)
    arrived = decode_headers(made.headers).context
    codes = {one.code for one in made.lost}
    if codes & {"no_parent", "zero_low_bits"}:
        assert arrived is None or arrived.trace_id is None
        return
    assert arrived is not None
    assert arrived.trace_id is not None
    assert arrived.parent_id == context.parent_id
    assert same_trace(arrived.trace_id, context.trace_id or "")
    assert (arrived.trace_id == context.trace_id) == ("high_bits" not in codes)
    # Jaeger's debug flag may stand without the sampled one; elsewhere debug means to keep.
    assert bool(arrived.sampled) == bool(context.sampled) or context.debug
    assert (arrived.baggage or ()) == (() if "baggage" in codes else _bare(context, made.format))


def _bare(context: SpanContext, target: Format) -> tuple[BaggageEntry, ...]:
    keeps = target.name in ("w3c", "env")
    return tuple(
        BaggageEntry(one.key, one.value, one.properties if keeps else ())
        for one in context.baggage or ()
    )


def test_what_each_thing_is_called() -> None:
    wide = SpanContext(TRACE, SPAN, True, True, (("a", "1"),), (BaggageEntry("k", "v"),))
    assert lost(wide, "w3c") == []
    assert lost(wide, "ot-trace") == ["high_bits", "random", "tracestate"]
    assert lost(wide, "b3-single") == ["random", "tracestate", "baggage"]
    open_ = SpanContext(TRACE, SPAN)
    assert lost(open_, "w3c") == lost(open_, "jaeger") == ["deferred"]
    assert lost(open_, "b3-multi") == lost(open_, "xray") == []
    forced = SpanContext(TRACE, SPAN, True, debug=True, firehose=True, grandparent_id=SPAN)
    assert lost(forced, "w3c") == ["debug", "firehose", "grandparent"]
    assert lost(SpanContext(sampled=False), "w3c") == ["decision_alone"]
    assert lost(SpanContext(TRACE), "w3c") == ["no_parent"]
    state = DatadogState(2, "rum", None, {"_dd.p.dm": "-4"})
    datadog = SpanContext(TRACE, SPAN, True, datadog=state)
    assert lost(datadog, "b3-single") == ["priority", "origin", "tags"]
    assert lost(datadog, "w3c") == []


def test_datadog_becomes_a_member_of_tracestate_and_comes_back() -> None:
    state = DatadogState(2, "synthetics", None, {"_dd.p.dm": "-4"})
    context = SpanContext(TRACE, SPAN, True, datadog=state)
    made = convert(context, BY_NAME["w3c"], EPOCH_S)
    assert made.headers[1] == ("tracestate", "dd=s:2;o:synthetics;t.dm:-4")
    there = decode_headers(made.headers).context
    assert there is not None
    back = convert(there, BY_NAME["datadog"], EPOCH_S)
    assert "tracestate" not in [one.code for one in back.lost]
    again = decode_headers(back.headers).context
    assert again is not None
    assert (again.trace_id, again.datadog) == (TRACE, state)


@pytest.mark.parametrize(("age_s", "is_odd"), [(0, False), (XRAY_OLDEST_S + 1, True), (-400, True)])
def test_xray_may_refuse_what_is_no_recent_time(age_s: int, is_odd: bool) -> None:
    made = convert(PLAIN.__class__(TRACE, SPAN, True), BY_NAME["xray"], EPOCH_S + age_s)
    assert [one.code for one in made.cautions] == (["xray_time"] if is_odd else [])
