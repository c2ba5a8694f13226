"""Contexts that a format can carry, and headers that are nearly right."""

from hypothesis import strategies as st

from otx.propagation.model import BaggageEntry, DatadogState, SpanContext
from otx.propagation.registry import FORMATS, Format

TOKEN = "!#$&'*+-.^_`|~09azAZ"
KEY_FIRST, KEY_REST = "abz09", "abz09_-*/@"
PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))


def digits(width: int) -> st.SearchStrategy[str]:
    """Lower-case hex digits that are not all zero."""
    return st.integers(1, (1 << 4 * width) - 1).map(lambda number: f"{number:0{width}x}")


def tracestates(*, max_size: int = 32) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """Members with keys of their own, none of which has a meaning to otx."""
    keys = st.builds(
        lambda first, rest: first + rest,
        st.sampled_from(KEY_FIRST),
        st.text(KEY_REST, max_size=255),
    ).filter(lambda key: key not in ("ot", "dd"))
    allowed = PRINTABLE.replace(",", "").replace("=", "")
    values = st.text(allowed, min_size=1, max_size=256).filter(lambda one: one[-1] != " ")
    return st.lists(st.tuples(keys, values), max_size=max_size, unique_by=lambda pair: pair[0]).map(
        tuple
    )


def baggages(*, has_properties: bool) -> st.SearchStrategy[tuple[BaggageEntry, ...] | None]:
    """Entries of any text; None for no baggage."""
    keys = st.text(TOKEN, min_size=1, max_size=12)
    properties = st.lists(
        st.one_of(keys, st.builds("{}={}".format, keys, st.text("azAZ09%=", max_size=5))),
        max_size=2 if has_properties else 0,
    ).map(tuple)
    values = st.text(st.characters(codec="utf-8"), max_size=20)
    entries = st.builds(BaggageEntry, keys, values, properties)
    several = st.lists(entries, min_size=1, max_size=4, unique_by=lambda one: one.key.lower())
    return st.one_of(st.none(), several.map(tuple))


@st.composite
def contexts(draw: st.DrawFn, form: Format) -> SpanContext:
    """A context of which a format carries all."""
    carries = form.carries
    low = draw(digits(16))
    high = draw(st.one_of(st.just("0" * 16), digits(16))) if "high_bits" in carries else "0" * 16
    debug = draw(st.booleans()) if "debug" in carries else False
    sampled = draw(st.sampled_from([True, False, *([None] if "deferred" in carries else [])]))
    is_b3 = form.name.startswith("b3")
    if is_b3 and debug:
        sampled = True
    has_priority = "priority" in carries and form.name == "datadog"
    datadog = None
    if has_priority:
        kept = draw(st.integers(1, 2) if sampled else st.integers(-1, 0))
        origin = draw(st.one_of(st.none(), st.sampled_from(["rum", "synthetics-browser"])))
        tags = draw(st.dictionaries(st.just("_dd.p.dm"), st.sampled_from(["-0", "-4"])))
        datadog = DatadogState(None if sampled is None else kept, origin, None, tags)
    needs_state = is_b3 and sampled is None
    return SpanContext(
        trace_id=high + low,
        parent_id=draw(digits(16)),
        sampled=sampled,
        random=draw(st.booleans()) if "random" in carries else None,
        tracestate=draw(tracestates()) if "tracestate" in carries else (),
        baggage=draw(baggages(has_properties=form.name in ("w3c", "env")))
        if "baggage" in carries
        else None,
        datadog=datadog,
        debug=debug,
        firehose=draw(st.booleans()) if "firehose" in carries else False,
        debug_id=draw(st.one_of(st.none(), st.just("ticket-7"))) if "debug_id" in carries else None,
        grandparent_id=draw(st.one_of(st.none(), digits(16)))
        if is_b3 and not needs_state
        else None,
    )


_ALPHABET = '0123456789abcdefABCDEF-:;,=/%.@ \t"dtrue?Rot_é\x00'
_PIECES = st.sampled_from(
    [
        *("00", "01", "ff", "-", "-", ":", "0" * 32, "4bf92f3577b34da6a3ce929d0e0e4736"),
        *("00f067aa0ba902b7", "1", "d", "Root=1-", "Parent=", "Sampled=", ";o=1", "/", "ot="),
        *("th:c", ";rv:", "dd=", "s:2", ",", "trace;desc=", '"', "%3A", "AAA", "=", "a=1", " "),
    ]
)
values = st.one_of(
    st.text(max_size=40),
    st.text(_ALPHABET, max_size=80),
    st.lists(_PIECES, max_size=9).map("".join),
)
NAMES = [
    *(name for form in FORMATS for name in form.headers),
    *("uberctx-k", "ot-baggage-k", "jaeger-baggage", "TRACEPARENT", "X_B3_TRACEID", "x-other", ""),
]
header_sets = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=5)
