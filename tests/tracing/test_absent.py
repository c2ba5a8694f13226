"""What is missing is told with the reasons that spans give, the likeliest first."""

from otx.tracing.absent import LATE_NS, absent_parents, absent_servers
from otx.tracing.assembly import assemble
from tests.tracing.kept import MS, START, call

LATER = START + 10 * LATE_NS
LOCAL, REMOTE = 0x101, 0x301


def causes(*spans: object, now: int = LATER) -> list[str]:
    (absent,) = absent_parents(assemble(spans), now)  # type: ignore[arg-type]
    return [reason.cause for reason in absent.reasons]


def test_a_local_parent_was_made_here_and_is_lost() -> None:
    child = call(1, 2, 9, 0, 10, flags=LOCAL)
    (absent,) = absent_parents(assemble([child]), LATER)
    assert (absent.missing.span_id, absent.service) == (f"{9:016x}", "shop")
    assert [reason.cause for reason in absent.reasons] == ["lost"]


def test_a_remote_parent_may_be_somebody_elses() -> None:
    assert causes(call(1, 2, 9, 0, 10, flags=REMOTE, kind="SERVER")) == ["outside"]


def test_a_fresh_trace_may_still_be_on_its_way() -> None:
    fresh = START + 10 * MS + LATE_NS - 1
    assert causes(call(1, 2, 9, 0, 10), now=fresh) == ["not ended yet"]
    assert causes(call(1, 2, 9, 0, 10, flags=LOCAL), now=fresh) == ["lost", "not ended yet"]
    assert causes(call(1, 2, 9, 0, 10), now=fresh + 1) == ["unknown"]


def test_a_parent_that_was_not_sampled_says_so_by_its_flags() -> None:
    assert causes(call(1, 2, 9, 0, 10, flags=0x300))[0] == "not sampled"


def test_all_children_of_a_parent_are_named() -> None:
    spans = [call(1, 2, 9, 5, 10), call(1, 3, 9, 0, 20), call(1, 4, 8, 1, 2)]
    first, second = absent_parents(assemble(spans), LATER)
    assert (first.missing.span_id, len(first.missing.children)) == (f"{9:016x}", 2)
    assert first.missing.end_unix_nano == START + 20 * MS
    assert second.missing.span_id == f"{8:016x}"


def test_calls_without_a_server_are_told_where_the_service_is_known() -> None:
    client = call(1, 2, 0, 0, 10, kind="CLIENT", attributes={"server.address": "bank"})
    answered = call(1, 3, 0, 0, 10, kind="CLIENT", attributes={"peer.service": "bank"})
    server = call(1, 4, 3, 1, 9, kind="SERVER", service="bank")
    trace = assemble([client, answered, server])
    (absent,) = absent_servers(trace)
    assert (trace.spans[absent.client].span_id, absent.peer) == (client.span_id, "bank")
    assert absent_servers(assemble([client])) == []
    assert len(absent_servers(assemble([client]), {"bank"})) == 1
