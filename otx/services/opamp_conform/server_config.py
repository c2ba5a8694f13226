"""Checks of a server: configurations, settings, restarts, and what the operator sees."""

import secrets
import time

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import (
    RemoteConfigStatuses_APPLIED,
    RemoteConfigStatuses_APPLYING,
    RemoteConfigStatuses_FAILED,
    ServerToAgent,
)
from otx.services.opamp_conform.fake_agent import CONFIGURABLE, FakeAgent
from otx.services.opamp_conform.lines import Silence, SocketLine
from otx.services.opamp_conform.outcome import Failed
from otx.services.opamp_conform.server_probe import SERVER, ServerProbe, wait_for_offer

BEATS = 4
"""Reports after which a server that repeats itself has done so."""


def _assigned(probe: ServerProbe, agent: FakeAgent) -> ServerToAgent:
    """Assign a configuration nobody had before; the message that offers it."""
    body = f"marker: {secrets.token_hex(8)}\n".encode()
    probe.driver.assign(agent.name, agent.uid.hex(), body)
    return wait_for_offer(probe, agent)


def _applied(probe: ServerProbe, agent: FakeAgent) -> bytes:
    """As `_assigned`, and the agent has applied it; the hash."""
    hash_ = _assigned(probe, agent).remote_config.config_hash
    agent.tell(hash_, RemoteConfigStatuses_APPLIED)
    return hash_


@SERVER.rule(79)
def offers_what_differs(probe: ServerProbe) -> None:
    """An assignment, and a report that has another hash."""
    agent = probe.configurable()
    offer = _assigned(probe, agent)
    if not offer.remote_config.config_hash:
        raise Failed("the offer has no config_hash")


@SERVER.rule(80)
def offers_nothing_twice(probe: ServerProbe) -> None:
    """Reports with the hash that is assigned."""
    agent = probe.configurable()
    hash_ = _applied(probe, agent)
    agent.tell(hash_, RemoteConfigStatuses_APPLIED)
    _no_offer(probe, agent, hash_, "the agent has it already")


@SERVER.rule(82)
def offers_with_the_next_poll(probe: ServerProbe) -> None:
    """A changed assignment, then one poll."""
    agent = probe.configurable()
    _applied(probe, agent)
    body = f"marker: {secrets.token_hex(8)}\n".encode()
    probe.driver.assign(agent.name, agent.uid.hex(), body)
    # The operator's command may have returned before the server knows.
    wait_for_offer(probe, agent)


@SERVER.rule(95)
def accepts_a_rollback(probe: ServerProbe) -> None:
    """FAILED for the new configuration, then APPLIED for the one before."""
    agent = probe.configurable()
    good = _applied(probe, agent)
    bad = _assigned(probe, agent).remote_config.config_hash
    agent.tell(bad, RemoteConfigStatuses_APPLYING)
    agent.tell(bad, RemoteConfigStatuses_FAILED, "it does not start")
    _no_offer(probe, agent, bad, "the agent reported it FAILED")
    agent.tell(good, RemoteConfigStatuses_APPLIED)
    _no_offer(probe, agent, bad, "the agent reported it FAILED and went back")


def _no_offer(probe: ServerProbe, agent: FakeAgent, hash_: bytes, why: str) -> None:
    for _ in range(BEATS):
        _refuse_offer(agent.beat(), hash_, why)
    if isinstance(agent.line, SocketLine):
        try:
            while True:
                _refuse_offer(agent.line.hear(probe.target.quiet_s), hash_, why)
        except Silence:
            return


def _refuse_offer(answer: ServerToAgent, hash_: bytes, why: str) -> None:
    if answer.remote_config.config_hash == hash_:
        raise Failed(f"{hash_.hex()[:8]} is offered again: {why}")


@SERVER.rule(105)
def offers_settings_to_who_can(probe: ServerProbe) -> None:
    """Settings assigned to an agent that cannot take them."""
    agent = probe.known(CONFIGURABLE)
    probe.driver.offer_settings(agent.name)
    for _ in range(BEATS):
        if agent.beat().connection_settings.HasField("opamp"):
            raise Failed("offers.opamp is sent to an agent without the capability")


@SERVER.rule(132)
def sends_commands_alone(probe: ServerProbe) -> None:
    """A restart ordered while a configuration waits."""
    agent = probe.agent(CONFIGURABLE | AgentCapability.ACCEPTS_RESTART_COMMAND)
    agent.join()
    probe.driver.assign(agent.name, agent.uid.hex(), f"a: {secrets.token_hex(8)}\n".encode())
    probe.driver.restart(agent.name)
    seen = ServerToAgent()
    ends_s = time.monotonic() + probe.target.timeout_s
    answer = agent.beat()
    while True:
        if answer.HasField("command") and answer.HasField("remote_config"):
            raise Failed("a command and a configuration came in one message")
        seen.MergeFrom(answer)
        if seen.HasField("command") and seen.HasField("remote_config"):
            return
        if time.monotonic() > ends_s:
            raise Failed("command and configuration did not both come")
        if answer.HasField("remote_config"):
            answer = agent.tell(answer.remote_config.config_hash, RemoteConfigStatuses_APPLIED)
        else:
            answer = agent.beat()


@SERVER.rule(133)
def shows_who_is_gone(probe: ServerProbe) -> None:
    """A connection that ends without a word."""
    agent = probe.known()
    if not (before := probe.driver.agents(agent.name)):
        raise Failed("an agent that reports is not in the list")
    agent.line.close()
    ends_s = time.monotonic() + probe.target.timeout_s
    while time.monotonic() < ends_s:
        rows = probe.driver.agents(agent.name)
        if not rows:
            raise Failed("the agent vanished from the list with its connection")
        if rows[0]["state"] != before[0]["state"]:
            return
        time.sleep(0.05)
    raise Failed(f"the agent is still shown as {before[0]['state']}")
