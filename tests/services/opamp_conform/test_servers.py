"""Every check of a server passes on one that keeps the rule, and fails on one that breaks it."""

from collections.abc import Iterator

import pytest

from otx.opamp.rules import Role, Transport, checklist, rule
from otx.services.opamp_conform.outcome import Result, Verdict
from otx.services.opamp_conform.plan import Choice, items
from otx.services.opamp_conform.reasons import SERVER_REASONS
from otx.services.opamp_conform.servers import SERVER_CHECKS, server_results
from otx.services.opamp_conform.target import Target
from tests.services.opamp_conform.reference_server import LIMIT, TOKEN, ReferenceServer

NO_TWINS = {(119, "http")}


def run(server: ReferenceServer, number: int) -> list[Result]:
    target = Target(
        "127.0.0.1",
        server.port,
        "/v1/opamp",
        False,
        headers={"Authorization": TOKEN},
        limit=LIMIT,
        timeout_s=0.5,
    )
    return list(server_results(target, server, Choice(only=[number])))


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[ReferenceServer]:
    server = ReferenceServer(*getattr(request, "param", ()))
    yield server
    server.close()


def test_every_rule_has_a_check_or_a_reason() -> None:
    rules = {one.number for one in checklist() if one.role is not Role.CLIENT}
    assert SERVER_CHECKS.keys() | SERVER_REASONS.keys() == rules
    assert not SERVER_CHECKS.keys() & SERVER_REASONS.keys()


@pytest.mark.parametrize("number", sorted(SERVER_CHECKS))
def test_a_server_that_keeps_the_rule_passes(served: ReferenceServer, number: int) -> None:
    for result in run(served, number):
        if (number, result.transport) in NO_TWINS:
            assert result.verdict is Verdict.NOT_TESTABLE
        elif number == 133 and result.transport == "http":
            continue
        else:
            assert result.verdict is Verdict.PASSED, result


@pytest.mark.parametrize(
    ("served", "number"),
    [((number,), number) for number in sorted(SERVER_CHECKS)],
    indirect=["served"],
)
def test_a_server_that_breaks_the_rule_fails(served: ReferenceServer, number: int) -> None:
    results = run(served, number)
    assert results
    for result in results:
        if (number, result.transport) in NO_TWINS:
            continue
        assert result.verdict is Verdict.FAILED, result
        assert result.reason
        assert result.rule == rule(number)
        assert any(one.way == "sent" for one in result.evidence) or number == 22


def test_choosing_transports_and_rules() -> None:
    only = Choice(transports=["http"], only=[2, 32, 59], skip=[59])
    assert [(one.rule.number, one.transport) for one in items(Role.SERVER, only)] == [(32, "http")]
    both = items(Role.SERVER, Choice())
    assert all(one.rule.transport in (Transport.BOTH, Transport(one.transport)) for one in both)
