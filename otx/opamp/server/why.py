"""Why an agent does not have the configuration it should have, in plain words.

The steps go the way an update goes, and the first that does not hold is the answer: is the agent
let in, is it there, does the server know its state, may it be sent configurations, is one assigned,
was it offered, what did the agent say, does it run it. Each step says what it found and, where it
stands in the way, what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from otx.model.units import format_duration
from otx.opamp.capabilities import AgentCapability
from otx.opamp.not_stored import WAITS_FOR_ROOM, is_not_stored
from otx.opamp.server.agent import Agent, Failure, Patience, Progress
from otx.opamp.server.configuration import Configuration, short_hash
from otx.opamp.server.documents import Document
from otx.opamp.server.offers import WITHOUT_REASON
from otx.opamp.server.pushes import Push, PushState
from otx.opamp.server.refusals import Refusals
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.running import running_text, taken_back
from otx.opamp.signing import TRUST_LABEL, why_not_taken

NO_REFUSALS = Refusals()
LOOP_STARTS = 3
"""Starts within `LOOP_NS` that make a restart loop."""
LOOP_NS = 600_000_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """One question on the way of an update.

    Attributes:
        holds: Whether the way is free; None where the question does not arise.
    """

    name: str
    holds: bool | None
    says: str
    fix: str = ""


def why(
    agent: Agent,
    rollouts: Rollouts,
    now_ns: int,
    patience: Patience,
    refusals: Refusals = NO_REFUSALS,
    *,
    is_live: bool = True,
) -> Document:
    """The steps of an agent's update, and the one that stands in its way.

    Args:
        is_live: Whether a server says it; a database cannot know who is connected.
    """
    auth = _auth(agent, now_ns, patience, refusals)
    steps = [auth, *_steps(agent, rollouts, now_ns, patience)]
    if not is_live:
        ago = format_duration(max(0, now_ns - agent.last_seen_ns))
        says = f"no server runs that knows whether it is connected; it was last heard {ago} ago"
        steps[1] = Step("connection", None, says)
    blocking = next((step for step in steps if step.holds is False), None)
    return {
        "uid": agent.text,
        "service": agent.name,
        "is_up_to_date": blocking is None,
        "verdict": blocking.says if blocking else "it runs what it is assigned",
        "fix": blocking.fix or None if blocking else None,
        "blocked_at": blocking.name if blocking else None,
        "steps": [
            {"name": step.name, "holds": step.holds, "says": step.says, "fix": step.fix or None}
            for step in steps
        ],
    }


def _steps(agent: Agent, rollouts: Rollouts, now_ns: int, patience: Patience) -> Iterator[Step]:
    yield _connection(agent, now_ns, patience)
    yield _state(agent)
    yield _capability(agent)
    push = rollouts.pushes.get(agent.assigned) if agent.assigned is not None else None
    assigned = rollouts.configurations.get(push.config_hash) if push else None
    yield _assignment(agent, rollouts, push, assigned)
    if assigned is not None:
        yield _offer(agent, assigned, now_ns)
        yield _status(agent, assigned, rollouts, now_ns)
    elif _is_stranger(agent, rollouts):
        yield Step("status", None, f"{_runs_unknown(agent)}; no push here is for it")
    yield _health(agent)
    yield _loop(agent, now_ns)


def _auth(agent: Agent, now_ns: int, patience: Patience, refusals: Refusals) -> Step:
    name = "auth"
    if agent.presence(now_ns, patience) == "connected":
        return Step(name, True, "it is let in")
    turned_away = list(refusals.of(agent.text, agent.peer, agent.last_seen_ns))
    if not turned_away:
        return Step(name, None, "nobody was turned away who could be it")
    last = turned_away[-1]
    ago = format_duration(max(0, now_ns - last.at_ns))
    whose = "that claims its uid" if last.uid else f"from its address {last.host}"
    return Step(
        name,
        False,
        f"{len(turned_away)} requests {whose} were turned away, the last {ago} ago: {last.why}",
        "give the agent a token that is valid here (`otx agent run --header Authorization=…`)",
    )


def _connection(agent: Agent, now_ns: int, patience: Patience) -> Step:
    name = "connection"
    ago = format_duration(max(0, now_ns - agent.last_seen_ns))
    state = agent.presence(now_ns, patience)
    if state == "connected":
        return Step(name, True, f"it is connected over {agent.transport}, last heard {ago} ago")
    if state == "stale":
        says = f"its connection is open, and it has said nothing for {ago}"
        if agent.transport == "http":
            every = agent.interval_s or patience.default_s
            says = f"it polls no more: it has said nothing for {ago}, and is due every {every} s"
        return Step(
            name, False, says, "look whether its process hangs or the network drops packets"
        )
    if agent.said_goodbye:
        return Step(name, False, f"it said goodbye {ago} ago", "start it again")
    if not agent.last_seen_ns:
        return Step(name, False, "it was never heard")
    return Step(
        name,
        False,
        f"it is gone: last heard {ago} ago",
        "look whether it runs, reaches this server, and has a valid token (401 in its log)",
    )


def _state(agent: Agent) -> Step:
    name = "state"
    if not agent.needs_full:
        return Step(name, True, "its state is known")
    if agent.asks == 0:
        return Step(name, False, "its state may have changed unseen; it is asked when it reports")
    return Step(
        name,
        False,
        f"its state is not known: it was asked {agent.asks} times for a full report and sent none",
        "the agent must answer ReportFullState with a description; otherwise restart it",
    )


def _capability(agent: Agent) -> Step:
    name = "capability"
    if agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG):
        return Step(name, True, "it accepts remote configuration")
    if not agent.capabilities:
        return Step(name, False, "it never stated its capabilities", "update the agent")
    return Step(
        name,
        False,
        "it does not accept remote configuration: AcceptsRemoteConfig is not set",
        "switch it on in the agent (`otx agent run --allow-remote-config`;"
        " the supervisor's capabilities.accepts_remote_config)",
    )


def _assignment(
    agent: Agent, rollouts: Rollouts, push: Push | None, assigned: Configuration | None
) -> Step:
    name = "assignment"
    waiting = [
        one
        for one in rollouts.pushes.values()
        if one.state in (PushState.RUNNING, PushState.PAUSED, PushState.STOPPED)
        and one.selector.matches(agent.labels)
        and agent.uid not in one.released
        and (push is None or one.number > push.number)
    ]
    if waiting:
        one = waiting[-1]
        says = f"push {one.number} has not reached it: it is {one.state.value}"
        says += f", {rollouts.stage_text(one)}" + (f" ({one.note})" if one.note else "")
        return Step(name, False, says, _push_fix(one))
    if push is None or assigned is None:
        return Step(
            name,
            None if not rollouts.pushes else False,
            "no push is for it",
            "`otx opamp push FILE -l K=V` with labels it has; `otx opamp agents` shows them",
        )
    newer = [
        one
        for one in rollouts.holding(agent)
        if one.number > push.number and one.config_hash != push.config_hash
    ]
    if newer:
        return Step(
            name,
            False,
            f"push {push.number} ({push.selector or 'all agents'}) holds for it,"
            " which is more specific than"
            f" push {newer[0].number} ({newer[0].selector or 'all agents'})",
            f"`otx opamp rollback {push.number}` lets the other one hold",
        )
    return Step(name, True, f"{assigned.label} is assigned by push {push.number}")


def _push_fix(push: Push) -> str:
    """What to do about a push that has not reached an agent."""
    if push.state is PushState.RUNNING:
        return "wait, or look at the agents of this stage"
    resume = f"`otx opamp push --resume {push.number}`"
    if push.state is PushState.PAUSED:
        return resume
    if WAITS_FOR_ROOM in push.note:
        return f"make room there; then {resume}"
    return (
        f"mend the configuration and push it, or `otx opamp rollback {push.number}`;"
        f" {resume} goes on in spite of who failed"
    )


def _offer(agent: Agent, assigned: Configuration, now_ns: int) -> Step:
    name = "offer"
    if agent.config.hash == assigned.hash:
        return Step(name, True, "it received it")
    if assigned.hash in agent.failures:
        return Step(name, True, "it was offered, and is not offered again")
    if agent.offer is None or agent.offer.hash != assigned.hash:
        return Step(name, False, "it was not offered yet", "it is sent with the next message")
    ago = format_duration(max(0, now_ns - agent.offer.last_ns))
    times = agent.offer.times
    return Step(
        name,
        True,
        f"it was offered {times} time{'' if times == 1 else 's'}, last {ago} ago",
    )


def _status(agent: Agent, assigned: Configuration, rollouts: Rollouts, now_ns: int) -> Step:
    name = "status"
    failure = agent.failures.get(assigned.hash)
    if failure is not None:
        says = _failed(agent, assigned, failure, rollouts, now_ns)
        return Step(name, False, says, _failure_fix(agent, assigned, failure, rollouts))
    if agent.config.hash == assigned.hash:
        return _own_status(agent, now_ns)
    if not agent.can(AgentCapability.REPORTS_REMOTE_CONFIG) and not agent.config.hash:
        return Step(
            name,
            None,
            "it does not report what became of configurations: ReportsRemoteConfig is not set",
        )
    if not agent.config.hash:
        return Step(name, False, "it has not answered the offer", "look into the agent's log")
    if _is_stranger(agent, rollouts):
        return Step(
            name,
            False,
            f"{_runs_unknown(agent)}; push {agent.assigned}, which holds here, will replace it",
            "wait; if it comes back, look whether two servers have the same agents",
        )
    return Step(name, False, f"it still has {_kept(agent, rollouts)}", "look into the agent's log")


def _kept(agent: Agent, rollouts: Rollouts) -> str:
    """The configuration that an agent reports, and whether that was taken back."""
    known = rollouts.configurations[agent.config.hash]
    push = taken_back(agent, rollouts)
    if push is None or push.config_hash != known.hash:
        return known.label
    return f"{known.label}, taken back since (push {push.number})"


def _failed(
    agent: Agent, assigned: Configuration, failure: Failure, rollouts: Rollouts, now_ns: int
) -> str:
    """What failed, when and why, and what runs: each as far as reports prove it."""
    ago = format_duration(max(0, now_ns - failure.at_ns))
    is_said = not failure.reason.endswith(WITHOUT_REASON)
    what = "reported FAILED for" if is_said else "did not keep"
    running = running_text(agent, rollouts)
    runs = f", and runs {running}" if running else ""
    return f"it {what} {assigned.label} {ago} ago{runs}: {failure.reason}"


def _failure_fix(
    agent: Agent, assigned: Configuration, failure: Failure, rollouts: Rollouts
) -> str:
    """What to do about a failure: nothing is to be mended where the machine had no room."""
    if is_not_stored(failure.reason):
        return "make room on its machine: it takes it up by itself when there is some"
    retry = "mend the configuration and push it; `--retry` offers the same one again"
    fix = _signing_fix(agent, assigned) or retry
    if taken_back(agent, rollouts) is None:
        return fix
    return f"{fix}; `otx opamp rollback {agent.assigned}` lets what held before hold again"


def _signing_fix(agent: Agent, assigned: Configuration) -> str:
    """What to do where an agent takes only what is signed; "" where that is not the reason.

    The same content signed is another configuration, which it has not refused.
    """
    trusted = agent.labels.get(TRUST_LABEL, "").split()
    if not trusted or not why_not_taken(assigned.offer().config, trusted):
        return ""
    return f"sign it with key {' or '.join(trusted)} (`otx opamp push --sign`, `otx opamp sign`)"


def _is_stranger(agent: Agent, rollouts: Rollouts) -> bool:
    """Whether an agent has a configuration that was not made here."""
    return bool(agent.config.hash) and agent.config.hash not in rollouts


def _runs_unknown(agent: Agent) -> str:
    word = "runs" if agent.config.progress is Progress.APPLIED else "has"
    return (
        f"it {word} a configuration this server does not know: {short_hash(agent.config.hash)}"
        " (another server's, or this database is an older copy)"
    )


def _own_status(agent: Agent, now_ns: int) -> Step:
    name = "status"
    ago = format_duration(max(0, now_ns - agent.config.since_ns))
    if agent.config.progress is Progress.APPLIED:
        good = agent.health.good if agent.health is not None else None
        is_observed = good is not None and good != agent.config.hash.hex()
        more = ", and still observes it: a crash now is FAILED" if is_observed else ""
        return Step(name, True, f"it reported APPLIED {ago} ago{more}")
    if agent.config.progress is Progress.APPLYING:
        return Step(
            name,
            False,
            f"it has been applying it for {ago}",
            "wait; if that is long, look into the agent's log",
        )
    return Step(name, False, "it received it and said no more", "look into the agent's log")


def _health(agent: Agent) -> Step:
    name = "health"
    health = agent.health
    if health is None:
        return Step(name, None, "it reports no health")
    if health.healthy:
        return Step(name, True, "it is healthy")
    said = health.error or health.status or "it gave no reason"
    return Step(name, False, f"it is unhealthy: {said}", "look into the agent's log")


def _loop(agent: Agent, now_ns: int) -> Step:
    name = "restarts"
    recent = [start for start in agent.starts_ns if 0 <= now_ns - start < LOOP_NS]
    if len(recent) < LOOP_STARTS:
        return Step(name, True, "it does not restart over and over")
    return Step(
        name,
        False,
        f"it was started {len(recent)} times in ten minutes",
        "what it manages crashes: look into its log, and at the configuration it has",
    )
