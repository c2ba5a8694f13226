"""The page for people: every part labelled, every problem pointed at."""

import re
from itertools import pairwise

import pytest
from hypothesis import given

from otx.output import Painter
from otx.propagation.conformance.case import Ids, Pairs
from otx.propagation.conformance.cases import ALL
from otx.propagation.conformance.exchange import Exchange, Judgement
from otx.propagation.conformance.judging import judge
from otx.propagation.decoding import decode_headers
from otx.propagation.report.check_page import check_page
from otx.propagation.report.drawing import WIDTH
from otx.propagation.report.page import page
from tests.propagation.strategies import header_sets
from tests.propagation.vector_case import Case, load, pairs

PLAIN = Painter(wants_colour=False)
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = ("traceparent", f"00-{TRACE}-{SPAN}-03")


def shown(*headers: tuple[str, str]) -> list[str]:
    return page(decode_headers(headers), PLAIN, 0)


def under(lines: list[str], mark: str) -> list[tuple[str, str]]:
    """Each line that holds a mark only, with the text that stands above the mark."""
    return [
        (above[line.index(mark) : len(line)], line)
        for above, line in pairwise(lines)
        if line.strip() and not line.strip().strip(mark)
    ]


@pytest.mark.parametrize("case", load(), ids=lambda case: str(case["id"]))
def test_a_page_of_a_vector(case: Case) -> None:
    decoded = decode_headers(pairs(case))
    lines = page(decoded, PLAIN, 0)
    text = "\n".join(lines)
    expect = case["expect"]
    assert lines[0].startswith("✓ valid" if expect["valid"] else "✗ ")
    for code in [expect["error"], expect.get("tracestate_error"), *expect.get("warnings", ())]:
        assert code is None or code in text
    # What is to be copied is not cut; all else keeps to the width.
    own = [line for line in lines if not re.match(r"\s*[\w-]+[:=] ?\S", line)]
    assert not [line for line in own if len(line) > WIDTH + len("warning ") + 40]


def test_a_valid_header_has_its_parts_labelled() -> None:
    lines = shown(GOOD)
    top = lines.index(f"traceparent: 00-{TRACE}-{SPAN}-03")
    at = len("traceparent: ")
    labels = [(line.index("└"), line.split("└ ")[1]) for line in lines[top + 1 : top + 5]]
    assert labels == [
        (at + 53, "flags 03"),
        (at + 36, "parent-id"),
        (at + 3, "trace-id"),
        (at, "version"),
    ]


def test_a_caret_stands_under_what_is_wrong() -> None:
    assert under(shown(("traceparent", f"00-{TRACE[:-1]}X-{SPAN}-01")), "^")[0][0] == "X"
    assert under(shown(("traceparent", f"00-{TRACE[:-1]}-{SPAN}-01")), "^")[0][0] == TRACE[:-1]
    assert under(shown(GOOD, ("tracestate", "good=1,BAD=2")), "^")[0][0] == "B"


def test_a_dropped_tracestate_is_said_at_once() -> None:
    assert shown(GOOD, ("tracestate", "A=1"))[0].endswith("(w3c); tracestate is dropped")


def test_a_caret_finds_its_place_in_a_long_header() -> None:
    long = ",".join(f"key{number:03}=value" for number in range(30)) + ",BAD=1"
    ((above, _),) = under(shown(GOOD, ("tracestate", long)), "^")
    assert above == "B"


def test_an_error_names_rule_and_consequence() -> None:
    text = "\n".join(shown(("traceparent", f"00-{'0' * 32}-{SPAN}-01")))
    assert "error zero_trace_id" in text
    assert "3.2.2.3" in text
    assert "start a new trace" in text.replace("\n        ", " ")


def test_the_next_hop_has_a_span_of_its_own_and_known_flags() -> None:
    lines = shown(("traceparent", f"cc-{TRACE}-{SPAN}-0f-more"), ("tracestate", "a=1"))
    assert f"  traceparent: 00-{TRACE}-<id of your span>-03" in lines
    assert "  tracestate: a=1" in lines


def test_sampling_is_judged() -> None:
    text = "\n".join(shown(GOOD, ("tracestate", "ot=th:fd70a4;rv:ffffffffffffff")))
    assert "kept with probability 0.999999 %" in text
    assert "100" in text
    assert "consistent" in text
    assert "INCONSISTENT" in "\n".join(shown(GOOD, ("tracestate", "ot=th:fd70a4")))


def test_other_formats_and_what_they_lose() -> None:
    text = "\n".join(shown(GOOD, ("baggage", "user=7")))
    assert f"b3: {TRACE}-{SPAN}-1" in text
    assert "X-Cloud-Trace-Context: " in text
    assert "lost: the random flag; baggage: user" in text
    assert f"TRACEPARENT=00-{TRACE}-{SPAN}-03" in text


def test_colour_is_for_terminals_that_want_it() -> None:
    decoded = decode_headers([GOOD])
    plain = "\n".join(page(decoded, PLAIN, 0))
    coloured = "\n".join(page(decoded, Painter(wants_colour=True), 0))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


@given(header_sets)
def test_any_header_is_shown_and_drives_no_terminal(headers: list[tuple[str, str]]) -> None:
    text = "\n".join(page(decode_headers(headers), PLAIN, 0))
    assert all(character.isprintable() or character == "\n" for character in text)


def exchanged(name: str, *calls: Pairs, excuse: str = "") -> Judgement:
    """A verdict on a case of a check."""
    case = next(case for case in ALL if case.id == name)
    ids = Ids("ab" * 16, "cd" * 8)
    return judge(Exchange(case, case.filled(ids), ids.parent, calls, excuse=excuse), 2)


def test_a_check_shows_its_table_what_is_wrong_and_what_was_not_judged() -> None:
    lines = check_page(
        [
            exchanged("traceparent-absent", (("traceparent", f"00-{'1' * 32}-{'2' * 16}-01"),)),
            exchanged("traceparent-space-around", ()),
            exchanged("tracestate-valid", excuse="stopped before it was sent"),
        ],
        Painter(wants_colour=False),
    )
    assert lines == [
        "pass      MUST    traceparent-absent        no header at all",
        "fail      MUST    traceparent-space-around  tabs and spaces round the value",
        "unjudged  MUST    tracestate-valid          two members",
        "",
        "fail traceparent-space-around: tabs and spaces round the value",
        "  MUST  sends no traceparent on",
        "  rule  HTTP semantics (RFC 9110), 5.5 field values",
        f"  sent      traceparent: <tab> 00-{'ab' * 16}-{'cd' * 8}-01 <tab>",
        "  received  nothing",
        f"  expected  traceparent: 00-{'ab' * 16}-<id of its span>-01",
        "",
        "not judged: 1, stopped before it was sent",
        "",
        "MUST    1 pass, 1 fail, 1 unjudged",
        "SHOULD  none",
    ]


def test_a_check_drives_no_terminal_and_cuts_long_headers() -> None:
    call = (("traceparent", "\x1b[2J"), ("tracestate", "k=" + "v" * 5000))
    lines = check_page([exchanged("tracestate-valid", call)], Painter(wants_colour=False))
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) < 350
