"""Checks of an agent: configurations, health, restarts."""

import contextlib
import time

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent, ServerToAgentCommand
from otx.services.opamp_conform.agent_probe import (
    AGENT,
    APPLIED,
    FAILED,
    UNPARSABLE,
    AgentProbe,
    status_is,
)
from otx.services.opamp_conform.outcome import Failed, NotTestable
from otx.services.opamp_conform.script import Refusal, Report

TIMES = 5
"""How often health changes while the connection is down."""


def _statuses(reports: list[Report], hash_: bytes) -> list[int]:
    """The statuses of a hash, in the order in which they came."""
    return [
        int(one.message.remote_config_status.status)
        for one in reports
        if one.message.remote_config_status.last_remote_config_hash == hash_
    ]


def _runs(message: AgentToServer, body: bytes) -> bool:
    """Whether a configuration is what the agent reports to run, as it is."""
    files = message.effective_config.config_map.config_map.values()
    return any(one.body.strip() == body.strip() for one in files)


def _started(message: AgentToServer) -> int:
    """When the process began, or 0."""
    return message.health.start_time_unix_nano


def _running(probe: AgentProbe) -> AgentToServer:
    """Start the agent; its state once what it looks after is well, or is not going to be."""
    report = probe.start()
    if AgentCapability.REPORTS_HEALTH in probe.bits and not report.message.health.healthy:
        with contextlib.suppress(Failed):
            probe.until(lambda one: one.message.health.healthy, probe.settle_s)
        report = probe.whole()
    return report.message


def _same_process(probe: AgentProbe, before: AgentToServer, why: str) -> None:
    """What the agent looks after was not started anew; for who reports no health nobody knows."""
    after = probe.whole().message
    if _started(before) and _started(after) and _started(before) != _started(after):
        raise Failed(f"the process was started anew {why}")


@AGENT.rule(69)
def needs_no_capabilities(probe: AgentProbe) -> None:
    """An offer of a server that never says what it can."""
    probe.stage.capabilities = 0
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_REMOTE_CONFIG)
    hash_ = probe.offer(UNPARSABLE)
    probe.until(
        lambda one: bool(_statuses([one], hash_)),
        probe.settle_s,
        "status of the offered configuration",
    )


@AGENT.rule(84)
def applies(probe: AgentProbe) -> None:
    """A configuration that runs."""
    before = probe.start().message
    if probe.launcher is None or before.HasField("remote_config_status"):
        # It may run the first one since an earlier check, or one before its start.
        probe.applied(probe.good(1))
        before = probe.whole().message
    body = probe.good()
    hash_ = probe.applied(body)
    if AgentCapability.REPORTS_EFFECTIVE_CONFIG not in probe.bits:
        return
    if _runs(before, body):
        raise NotTestable("runs this configuration from its start: give another (--config FILE)")
    changed = [one.message for one in probe.reports if one.message.HasField("effective_config")]
    if not any(one.effective_config != before.effective_config for one in changed):
        report = probe.whole().message
        if report.effective_config == before.effective_config:
            raise Failed(f"APPLIED {hash_.hex()[:8]}, and effective_config is what it was")


@AGENT.rule(85)
def refuses_what_does_not_parse(probe: AgentProbe) -> None:
    """No YAML at all."""
    before = _running(probe)
    probe.needs(AgentCapability.ACCEPTS_REMOTE_CONFIG)
    report = probe.ends_as(probe.offer(UNPARSABLE), FAILED)
    if not report.message.remote_config_status.error_message:
        raise Failed("FAILED has no error_message")
    _same_process(probe, before, "for a configuration that does not parse")


@AGENT.rule(86)
def goes_back(probe: AgentProbe) -> None:
    """A configuration that cannot start."""
    probe.start()
    _goes_back(probe, probe.means.failing, "--failing-config FILE")


@AGENT.rule(87, seconds=40)
def goes_back_late(probe: AgentProbe) -> None:
    """A configuration whose process dies after a while."""
    probe.start()
    _goes_back(probe, probe.means.crashing, "--crashing-config FILE")


def _goes_back(probe: AgentProbe, bad: bytes | None, option: str) -> None:
    good = probe.good()
    if bad is None:
        raise NotTestable(f"needs a configuration of the agent's own kind ({option})")
    probe.applied(good)
    before = probe.whole().message
    hash_ = probe.offer(bad)
    probe.until(
        lambda one: status_is(one, hash_, FAILED), 2 * probe.settle_s, "FAILED for what died"
    )
    ends_s = time.monotonic() + probe.settle_s
    after = probe.whole().message
    # FAILED may be said before the process of the configuration before runs again.
    while before.effective_config != after.effective_config or _is_worse(before, after):
        if time.monotonic() > ends_s:
            raise Failed("after FAILED the configuration before does not run again")
        probe.during(probe.quiet_s)
        after = probe.whole().message
    status = after.remote_config_status
    if not status_is(Report(after, b"", 0, 0.0), hash_, FAILED):
        raise Failed(f"full state after FAILED says {status.status} of another hash")


@AGENT.rule(89)
def stays_failed(probe: AgentProbe) -> None:
    """A hash that FAILED, offered again."""
    before = _running(probe)
    probe.needs(AgentCapability.ACCEPTS_REMOTE_CONFIG)
    hash_ = probe.offer(UNPARSABLE)
    probe.ends_as(hash_, FAILED)
    probe.offer(UNPARSABLE)
    later = _statuses(probe.during(3 * probe.quiet_s), hash_)
    if any(status != FAILED for status in later):
        raise Failed("the status of a hash that FAILED changed when it was offered again")
    _same_process(probe, before, "for a hash that FAILED before")


@AGENT.rule(90)
def stays_applied(probe: AgentProbe) -> None:
    """A hash that was APPLIED, offered again."""
    probe.start()
    body = probe.good()
    hash_ = probe.applied(body)
    before = probe.whole().message
    probe.offer(body)
    if _statuses(probe.during(3 * probe.quiet_s), hash_):
        raise Failed("a hash that was APPLIED is reported again when it is offered again")
    _same_process(probe, before, "for a hash that was APPLIED before")


@AGENT.rule(91)
def takes_the_newest(probe: AgentProbe) -> None:
    """Two offers, one at the heels of the other."""
    probe.start()
    first = probe.offer(probe.good(0))
    second = probe.offer(probe.good(1))
    probe.ends_as(second, APPLIED)
    if APPLIED in _statuses(probe.during(3 * probe.quiet_s), first):
        raise Failed("the first of two offers is reported APPLIED after the second")
    status = probe.whole().message.remote_config_status
    if AgentCapability.REPORTS_REMOTE_CONFIG in probe.bits and (
        status.last_remote_config_hash != second
    ):
        raise Failed("full state does not name the newest offer")


@AGENT.rule(93)
def takes_nothing_for_no_overlay(probe: AgentProbe) -> None:
    """The empty key with an empty body."""
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_REMOTE_CONFIG)
    probe.applied(b"")


@AGENT.rule(129)
def restarts_and_nothing_else(probe: AgentProbe) -> None:
    """A command and a configuration in one message."""
    before = probe.start().message
    probe.needs(AgentCapability.ACCEPTS_RESTART_COMMAND)
    body, hash_ = UNPARSABLE, b"beside a command"
    config = {"config_map": {"": {"body": body}}}
    probe.stage.send(
        ServerToAgent(
            instance_uid=probe.uid,
            capabilities=probe.stage.capabilities,
            command=ServerToAgentCommand(),
            remote_config={"config": config, "config_hash": hash_},
        )
    )
    begin = len(probe.reports)
    probe.until(
        lambda one: _started(one.message) not in (0, _started(before)),
        probe.settle_s,
        "report of a process that began anew",
    )
    probe.during(probe.quiet_s)
    if _statuses(probe.reports[begin:], hash_):
        raise Failed("the configuration beside the command was not ignored")


@AGENT.rule(53)
def reports_health(probe: AgentProbe) -> None:
    """A change of health, and one report of it."""
    probe.start()
    probe.needs(AgentCapability.REPORTS_HEALTH)
    before = probe.whole().message.health
    probe.sicken()
    report = probe.until(
        lambda one: _says_other_health(one, before), probe.settle_s, "report of health"
    )
    again = [
        one for one in probe.during(probe.quiet_s) if one.message.health == report.message.health
    ]
    if any(one.message.HasField("health") for one in again):
        raise Failed("the same health was reported twice")


@AGENT.rule(56)
def leaves_out_what_is_old(probe: AgentProbe) -> None:
    """A change of health with everything else as it was."""
    probe.start()
    probe.needs(AgentCapability.REPORTS_HEALTH)
    before = probe.whole().message.health
    probe.sicken()
    report = probe.until(
        lambda one: _says_other_health(one, before), probe.settle_s, "report of health"
    )
    if report.message.HasField("effective_config"):
        raise Failed("effective_config did not change and is sent again")


@AGENT.rule(78)
def merges_what_changed(probe: AgentProbe) -> None:
    """Health that changes while the connection is down."""
    probe.start()
    probe.needs(AgentCapability.REPORTS_HEALTH)
    probe.during(probe.quiet_s)
    with probe.stage.changed:
        probe.stage.refusals.extend(Refusal(503) for _ in range(1000))
    probe.stage.drop()
    for _ in range(TIMES):
        probe.sicken()
    # The agent needs a moment to notice the last change.
    probe.during(2 * probe.quiet_s)
    with probe.stage.changed:
        probe.stage.refusals.clear()
    back = probe.until(lambda one: not one.refused, 4 * probe.start_s, "report after the break")
    following = [back, *probe.during(2 * probe.quiet_s)]
    if sum(one.message.HasField("health") for one in following) > 1:
        raise Failed("more than one health was reported after the break")


@AGENT.rule(139)
def says_that_it_is_down(probe: AgentProbe) -> None:
    """The health of a process that died."""
    probe.start()
    probe.needs(AgentCapability.REPORTS_HEALTH)
    probe.sicken()
    report = probe.until(_is_unhealthy, probe.settle_s, "report of bad health after --sicken")
    health = report.message.health
    if not health.last_error:
        raise Failed("health is bad, and last_error does not say why")
    if health.start_time_unix_nano:
        raise Failed("the process is down, and start_time_unix_nano is not 0")


def _is_worse(before: AgentToServer, after: AgentToServer) -> bool:
    """Whether what ran well does not."""
    return before.health.healthy and not after.health.healthy


def _says_other_health(report: Report, before: object) -> bool:
    return report.message.HasField("health") and report.message.health != before


def _is_unhealthy(report: Report) -> bool:
    return report.message.HasField("health") and not report.message.health.healthy
