"""A conformance test of a server."""

from collections.abc import Iterator

from otx.errors import PeerError
from otx.opamp.rules import Role
from otx.services.opamp_conform import server_config, server_state, server_wire  # noqa: F401
from otx.services.opamp_conform.checks import Check
from otx.services.opamp_conform.drivers import Driver
from otx.services.opamp_conform.fake_agent import FakeAgent
from otx.services.opamp_conform.lines import HttpLine, Refused, Silence, SocketLine
from otx.services.opamp_conform.outcome import Passage, Result
from otx.services.opamp_conform.plan import Attempt, Choice, items, results
from otx.services.opamp_conform.reasons import SERVER_REASONS
from otx.services.opamp_conform.server_probe import SERVER, ServerProbe
from otx.services.opamp_conform.target import Target

SERVER_CHECKS = SERVER.checks


def server_results(
    target: Target, driver: Driver, choice: Choice, guests: list[FakeAgent] | None = None
) -> Iterator[Result]:
    """Each rule's result, as it comes.

    Args:
        guests: Gets the agents that the server has seen.

    Raises:
        PeerError: No server is there.
    """
    _find(target)

    def run(check: Check[ServerProbe], transport: str, attempt: Attempt) -> None:
        probe = ServerProbe(target, transport, driver, attempt.passages)
        try:
            check.run(probe)
        finally:
            probe.close()
            if guests is not None:
                guests.extend(agent for agent in probe.guests if agent.has_spoken)

    wanted = items(Role.SERVER, choice)
    return results(wanted, SERVER_CHECKS, SERVER_REASONS, choice.longest_s, run)


def _find(target: Target) -> None:
    """Something answers there, over one transport at least."""
    passages: list[Passage] = []
    try:
        SocketLine(target, passages).close()
    except Refused:
        return
    except PeerError as error:
        try:
            HttpLine(target, passages).post(b"")
        except (Refused, Silence):
            raise error from None
