"""Checks of an agent: heartbeats, polling, connection settings, own telemetry, packages."""

import contextlib
import time
from collections.abc import Iterator
from itertools import pairwise

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import (
    ComponentHealth,
    ConnectionSettingsOffers,
    ConnectionSettingsStatuses_APPLIED,
    ConnectionSettingsStatuses_FAILED,
    PackageStatusEnum_InstallFailed,
)
from otx.services.opamp_conform.agent_probe import AGENT, HTTP_POLL_S, AgentProbe
from otx.services.opamp_conform.outcome import Failed, NotApplicable, NotTestable
from otx.services.opamp_conform.script import Report
from otx.services.opamp_conform.stage import Stage

IDLE_S = 30.0
FIRST_REPORTS = 8
"""More than an agent has to say at its start."""
METRICS_PATH = "/v1/metrics"
OWN_METRICS_S = 35.0


@AGENT.rule(26)
def polls_once_an_interval(probe: AgentProbe) -> None:
    """Idle polls, at whatever interval."""
    probe.start()
    if not probe.takes_interval():
        raise NotTestable("the agent takes no interval, and nobody knows its own")
    gaps = _gaps(probe, 5)
    if max(gaps) > 2 * min(gaps) + 0.5:
        between = f"between {min(gaps):.1f} s and {max(gaps):.1f} s"
        raise Failed(f"polls with nothing to report are {between} apart")


@AGENT.rule(28, seconds=10)
def polls_as_offered(probe: AgentProbe) -> None:
    """Idle polls, two seconds apart."""
    probe.start()
    if not probe.takes_interval():
        raise NotApplicable("the agent states neither ReportsHeartbeat nor AcceptsOpAMP…Settings")
    probe.interval(2)
    probe.during(2.0)
    _polls_every(probe, 2, 4)


def _polls_every(probe: AgentProbe, seconds: int, count: int) -> None:
    for gap in _gaps(probe, count):
        if not 0.7 * seconds < gap < 1.5 * seconds + 0.5:
            raise Failed(f"polls are {gap:.1f} s apart, not {seconds} s")


def _gaps(probe: AgentProbe, count: int) -> list[float]:
    """Seconds between polls, once the interval that was offered is in use."""
    probe.during(2.0 * HTTP_POLL_S + 1)
    times = []
    for _ in range(count):
        report = probe.until(lambda _: True, probe.start_s, "poll")
        if report.message.instance_uid != probe.uid:
            raise Failed("a poll has no instance_uid")
        times.append(report.at_s)
    return [following - one for one, following in pairwise(times)]


@AGENT.rule(27, seconds=75)
def polls_every_30_s(probe: AgentProbe) -> None:
    """Idle polls of a new process."""
    probe.needs_process()
    probe.offers_interval = False
    probe.start()
    times = [probe.reports[-1].at_s]
    # What is reported at the start is no idle poll; an interval that is too short has no end.
    while len(times) < FIRST_REPORTS and _last_gap(times) < IDLE_S / 2:
        times.append(probe.until(lambda _: True, 2 * IDLE_S, "poll").at_s)
    gap = _last_gap(times)
    if not 0.9 * IDLE_S <= gap <= 1.2 * IDLE_S:
        raise Failed(f"idle polls are {gap:.1f} s apart, not 30 s")


def _last_gap(times: list[float]) -> float:
    return times[-1] - times[-2] if len(times) > 1 else 0.0


@AGENT.rule(113, seconds=8)
def stops_beating(probe: AgentProbe) -> None:
    """An interval of one second, then 0."""
    probe.start()
    if not probe.takes_interval():
        raise NotApplicable("the agent states neither ReportsHeartbeat nor AcceptsOpAMP…Settings")
    probe.interval(1)
    probe.during(1.5)
    if not probe.during(2.5):
        raise NotTestable("the agent sends no heartbeats at an interval of 1 s")
    probe.interval(0)
    probe.during(1.5)
    if probe.during(3.0):
        raise Failed("heartbeats go on after an interval of 0")


@contextlib.contextmanager
def _elsewhere() -> Iterator[Stage]:
    stage = Stage()
    try:
        yield stage
    finally:
        stage.close()


def _offer_endpoint(probe: AgentProbe, url: str, **tls: bool) -> bytes:
    """Offer settings with an endpoint; their hash."""
    offers = ConnectionSettingsOffers(hash=f"settings {time.time_ns()}".encode())
    offers.opamp.destination_endpoint = url
    offers.opamp.heartbeat_interval_seconds = 1
    if tls:
        offers.opamp.tls.insecure_skip_verify = tls["insecure_skip_verify"]
    probe.tell(connection_settings=offers)
    return offers.hash


def _comes_to(probe: AgentProbe, stage: Stage) -> Report:
    with stage.changed:
        if not stage.changed.wait_for(lambda: bool(stage.reports), probe.settle_s):
            raise Failed("the agent does not connect to the endpoint that it was offered")
        return stage.reports[0]


@AGENT.rule(98)
def proves_before_it_leaves(probe: AgentProbe) -> None:
    """Settings with another endpoint, which is there."""
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
    with _elsewhere() as other:
        hash_ = _offer_endpoint(probe, other.url(probe.transport))
        _comes_to(probe, other)
        if AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS not in probe.bits:
            return
        ends_s = time.monotonic() + probe.settle_s
        while time.monotonic() < ends_s:
            if any(_settled(one, hash_) for one in [*probe.reports, *other.reports]):
                return
            probe.during(0.1)
        raise Failed("the new settings are in use and not reported APPLIED")


def _settled(report: Report, hash_: bytes) -> bool:
    status = report.message.connection_settings_status
    is_applied = status.status == ConnectionSettingsStatuses_APPLIED
    return status.last_connection_settings_hash == hash_ and is_applied


@AGENT.rule(100)
def survives_a_kill(probe: AgentProbe) -> None:
    """The process is killed when it first comes to the new endpoint."""
    launcher = probe.needs_process()
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
    with _elsewhere() as other:
        _offer_endpoint(probe, other.url(probe.transport))
        _comes_to(probe, other)
        launcher.kill()
        probe.during(0)
        seen, elsewhere = len(probe.stage.reports), len(other.reports)
        launcher.start(probe.stage.url(probe.transport))
        ends_s = time.monotonic() + probe.start_s
        while time.monotonic() < ends_s:
            if len(probe.stage.reports) > seen or len(other.reports) > elsewhere:
                return
            time.sleep(0.05)
        raise Failed("after a kill the agent comes back to neither endpoint")


@AGENT.rule(104)
def refuses_to_trust_all(probe: AgentProbe) -> None:
    """Settings that switch the verification of certificates off."""
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
    probe.needs(AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS)
    with _elsewhere() as other:
        url = other.url(f"{probe.transport}s")
        hash_ = _offer_endpoint(probe, url, insecure_skip_verify=True)
        report = probe.until(
            lambda one: (
                one.message.connection_settings_status.last_connection_settings_hash == hash_
                and one.message.connection_settings_status.status
                in (ConnectionSettingsStatuses_APPLIED, ConnectionSettingsStatuses_FAILED)
            ),
            probe.settle_s,
            "status of settings that switch verification off",
        )
        status = report.message.connection_settings_status.status
        if status != ConnectionSettingsStatuses_FAILED:
            raise Failed("settings that switch verification off are APPLIED")


@AGENT.rule(140)
def keeps_its_health(probe: AgentProbe) -> None:
    """Health before and after new connection settings."""
    first = probe.start()
    probe.needs(AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS)
    probe.needs(AgentCapability.REPORTS_HEALTH)
    before = _steady_health(probe, first)
    with _elsewhere() as other:
        _offer_endpoint(probe, other.url(probe.transport))
        _comes_to(probe, other)
        probe.during(2 * probe.quiet_s)
        with other.changed:
            later = [one.message for one in other.reports if one.message.HasField("health")]
    for one in later:
        if one.health.healthy != before.healthy:
            raise Failed("health changed when only the connection did")
        if one.health.start_time_unix_nano != before.start_time_unix_nano:
            raise Failed("the process was started anew when only the connection changed")


def _steady_health(probe: AgentProbe, first: Report) -> ComponentHealth:
    """Good health that stays as it is while nobody does anything.

    What the agent looks after was only just started, or still changes by what was done before: that
    is not the connection's doing.
    """
    health = first.message.health
    ends_s = time.monotonic() + probe.settle_s
    while time.monotonic() < ends_s:
        later = [
            one.message.health
            for one in probe.during(2 * probe.quiet_s)
            if one.message.HasField("health")
        ]
        is_steady = all(_is_same(health, one) for one in later)
        health = later[-1] if later else health
        if health.healthy and is_steady:
            return health
    how = "changes by itself" if health.healthy else "is not good"
    raise NotTestable(f"needs an agent that is well: its health {how} before anything is offered")


def _is_same(one: ComponentHealth, other: ComponentHealth) -> bool:
    return (one.healthy, one.start_time_unix_nano) == (other.healthy, other.start_time_unix_nano)


@AGENT.rule(109, seconds=OWN_METRICS_S)
def sends_own_metrics(probe: AgentProbe) -> None:
    """A destination for its own metrics."""
    probe.start()
    _offer_metrics(probe)
    with probe.stage.changed:
        posts = [body for path, body in probe.stage.posts if path == METRICS_PATH]
    description = probe.whole().message.agent_description
    wanted = {one.key: one.value.string_value for one in description.identifying_attributes}
    resources = [
        {one.key: one.value.string_value for one in batch.resource.attributes}
        for body in posts
        for batch in ExportMetricsServiceRequest.FromString(body).resource_metrics
    ]
    if not resources:
        raise Failed("what came is no metrics")
    missing = {name for name in wanted if resources[0].get(name) != wanted[name]}
    if missing:
        raise Failed(f"the resource of own metrics has no {', '.join(sorted(missing))}")


@AGENT.rule(110, seconds=2 * OWN_METRICS_S)
def goes_on_with_own_metrics(probe: AgentProbe) -> None:
    """Answers without settings, after an offer."""
    probe.start()
    _offer_metrics(probe)
    count = len(probe.stage.posts)
    with probe.stage.changed:
        if not probe.stage.changed.wait_for(
            lambda: len(probe.stage.posts) > count, OWN_METRICS_S + probe.start_s
        ):
            raise Failed("own metrics end without a new offer")


def _offer_metrics(probe: AgentProbe) -> None:
    probe.needs(AgentCapability.REPORTS_OWN_METRICS)
    offers = ConnectionSettingsOffers(hash=f"metrics {time.time_ns()}".encode())
    stage = probe.stage
    offers.own_metrics.destination_endpoint = f"http://{stage.host}:{stage.port}{METRICS_PATH}"
    probe.tell(connection_settings=offers)
    with stage.changed:
        if not stage.changed.wait_for(lambda: bool(stage.posts), OWN_METRICS_S + probe.start_s):
            raise Failed("no own metrics came to the destination that was offered")


@AGENT.rule(123)
def downloads_nothing_known(probe: AgentProbe) -> None:
    """The hash of all packages that the agent has."""
    _packages(probe)


@AGENT.rule(124)
def downloads_what_changed(probe: AgentProbe) -> None:
    """One package of three is another one."""
    _packages(probe)


@AGENT.rule(125)
def refuses_other_content(probe: AgentProbe) -> None:
    """Content that does not match its hash."""
    _packages(probe)


def _packages(probe: AgentProbe) -> None:
    probe.start()
    probe.needs(AgentCapability.ACCEPTS_PACKAGES)
    raise NotTestable("takes packages that this agent can install")


@AGENT.rule(126)
def names_packages_well(probe: AgentProbe) -> None:
    """Every package status of full state."""
    probe.start()
    probe.needs(AgentCapability.REPORTS_PACKAGE_STATUSES)
    for name, one in probe.whole().message.package_statuses.packages.items():
        if one.name != name:
            raise Failed(f"the key is {name!r}, the name {one.name!r}")
        if bool(one.agent_has_version) != bool(one.agent_has_hash):
            raise Failed(f"{name}: a version without a hash, or a hash without a version")
        if one.status == PackageStatusEnum_InstallFailed and not one.error_message:
            raise Failed(f"{name}: InstallFailed without an error_message")
