"""What an agent runs, as far as its reports prove it, and whether that was taken back since.

A FAILED names the configuration that failed and says nothing of what runs. otx's own agents say
that in their health; of others only an APPLIED proves it. Whether an agent "went back" to what it
runs, never left it, or was given it afterwards are three things that look alike in its reports:
the pushes tell the last one, and between the first two nobody here can decide.
"""

from otx.opamp.server.agent import Agent, Failure, Progress
from otx.opamp.server.configuration import SHORT, Configuration
from otx.opamp.server.pushes import Push
from otx.opamp.server.rollouts import Rollouts

LOCAL = ""
"""In place of a hash: the agent's own file, with nothing of a server."""


def running_hash(agent: Agent) -> str | None:
    """The hash in hexadecimal of what an agent runs, or `LOCAL`; None where nothing proves it."""
    if agent.health is not None and agent.health.running is not None:
        return agent.health.running
    return agent.config.hash.hex() if agent.config.progress is Progress.APPLIED else None


def running_text(agent: Agent, rollouts: Rollouts) -> str:
    """What an agent runs, for people, and whether that was taken back; "" where unknown."""
    running = running_hash(agent)
    if running is None:
        return ""
    if running == LOCAL:
        return "its local configuration"
    known = _configuration(running, rollouts)
    text = known.label if known else f"{running[:SHORT]}, which this server does not know"
    push = taken_back(agent, rollouts)
    return f"{text}, taken back since (push {push.number})" if push else text


def taken_back(agent: Agent, rollouts: Rollouts) -> Push | None:
    """The push that gave an agent what it runs, where no push that does holds any more."""
    running = running_hash(agent)
    if not running:
        return None
    gave = [
        push
        for push in rollouts.pushes.values()
        if push.config_hash.hex() == running and push.selector.matches(agent.labels)
    ]
    is_over = all(push.is_void for push in gave)
    return max(gave, key=lambda push: push.number) if gave and is_over else None


def was_given_since(agent: Agent, failure: Failure, rollouts: Rollouts) -> bool:
    """Whether what an agent reports was pushed after a failure, so that it is no way back."""
    return any(
        push.made_ns > failure.at_ns
        and push.config_hash == agent.config.hash
        and push.selector.matches(agent.labels)
        for push in rollouts.pushes.values()
    )


def _configuration(running: str, rollouts: Rollouts) -> Configuration | None:
    known = (one for hash_, one in rollouts.configurations.items() if hash_.hex() == running)
    return next(known, None)
