"""A conformance test of an agent."""

from collections.abc import Callable, Iterator

from otx.opamp.rules import Role
from otx.services.opamp_conform import agent_config, agent_settings, agent_wire  # noqa: F401
from otx.services.opamp_conform.agent_probe import AGENT, AgentMeans, AgentProbe
from otx.services.opamp_conform.checks import Check
from otx.services.opamp_conform.launcher import Launcher
from otx.services.opamp_conform.outcome import Result
from otx.services.opamp_conform.plan import Attempt, Choice, items, results
from otx.services.opamp_conform.reasons import CLIENT_REASONS
from otx.services.opamp_conform.stage import Stage

AGENT_CHECKS = AGENT.checks


def started_agent(
    launch: Callable[[], Launcher], means: AgentMeans, choice: Choice
) -> Iterator[Result]:
    """Each rule's result, as it comes; the agent is started for each.

    Args:
        launch: Makes what starts the agent, and forgets everything behind.

    Raises:
        UsageError: The command cannot be started.
    """

    def run(check: Check[AgentProbe], transport: str, attempt: Attempt) -> None:
        stage = Stage()
        stage.passages = attempt.passages
        probe = AgentProbe(stage, transport, means, launch())
        try:
            check.run(probe)
        finally:
            probe.close()
            stage.close()

    return _results(choice, run)


def running_agent(
    host: str, port: int, say: Callable[[str], None], means: AgentMeans, choice: Choice
) -> Iterator[Result]:
    """Each rule's result, as it comes, of an agent that somebody else starts.

    Raises:
        MachineError: The port is not free.
    """
    stage = Stage(host, port)
    for transport in choice.transports:
        say(f"ready {stage.url(transport)}")

    def run(check: Check[AgentProbe], transport: str, attempt: Attempt) -> None:
        stage.forget()
        stage.passages = attempt.passages
        check.run(AgentProbe(stage, transport, means))

    try:
        yield from _results(choice, run)
    finally:
        stage.close()


def _results(
    choice: Choice, run: Callable[[Check[AgentProbe], str, Attempt], None]
) -> Iterator[Result]:
    wanted = items(Role.CLIENT, choice)
    return results(wanted, AGENT_CHECKS, CLIENT_REASONS, choice.longest_s, run)
