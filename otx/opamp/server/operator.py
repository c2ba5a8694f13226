"""What an operator has the fleet do: push, pause, resume, take back, restart."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from otx.errors import NotThere, UsageError
from otx.model.units import parse_duration_ns
from otx.opamp.capabilities import AgentCapability
from otx.opamp.opamp_pb2 import ConnectionSettingsOffers, CustomMessage
from otx.opamp.server.agent import Agent
from otx.opamp.server.canary import NAMED
from otx.opamp.server.configuration import read_objects
from otx.opamp.server.documents import Document
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.journal import Entry, NoJournal
from otx.opamp.server.pushes import EVERYONE, Push, PushState, parse_stages, stages_text
from otx.opamp.server.rollouts import Wish
from otx.opamp.server.selector import Selector, parse_selector
from otx.opamp.server.settings import Settings, SettingsBook
from otx.opamp.server.settings_standing import (
    SettingsStanding,
    Standings,
    lacking,
    parts_of,
)
from otx.opamp.server.settings_wish import read_settings
from otx.opamp.signing import TRUST_LABEL, signatures, why_not_taken

MOST_WAITING = 16
"""Custom messages that may wait for an agent."""
Verb: TypeAlias = Literal["pause", "resume", "rollback", "forget"]

_STATES = {
    "pause": PushState.PAUSED,
    "resume": PushState.RUNNING,
    "rollback": PushState.ROLLED_BACK,
    "forget": PushState.FORGOTTEN,
}
_FROM: dict[str, tuple[PushState, ...]] = {
    "pause": (PushState.RUNNING,),
    "resume": (PushState.PAUSED, PushState.STOPPED),
    "rollback": (PushState.RUNNING, PushState.PAUSED, PushState.STOPPED, PushState.DONE),
    "forget": (PushState.ROLLED_BACK,),
}


class Operator:
    """Carries out what operators ask for."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def plan(self, wish: Wish, now_ns: int) -> Document:
        """What a push would do: to whom, and who is left out for which reason."""
        fleet = self._fleet
        configuration = fleet.rollouts.configure(wish, now_ns)
        push = Push(max(fleet.rollouts.pushes, default=0) + 1, configuration.hash, wish.selector)
        plan: dict[str, list[Document]] = {
            name: [] for name in ("changes", "in_sync", "failed_before", "kept", "unable", "away")
        }
        refusing: list[Document] = []
        for agent in self._matching(wish.selector):
            place, holder = self._place(agent, push, now_ns)
            row = {"uid": agent.text, "service": agent.name}
            plan[place].append(row if holder is None else {**row, "push": holder.number})
            reason = _why_not_taken(agent, wish)
            if reason and place in ("changes", "away"):
                refusing.append({**row, "reason": reason})
        return {
            "config": configuration.hash.hex(),
            "name": configuration.name,
            "version": configuration.version,
            "is_new": configuration.hash not in fleet.rollouts.configurations,
            "stages": stages_text(wish.stages),
            "selector": str(wish.selector),
            "signed_by": [name for name, _ in signatures(wish.objects)],
            "will_refuse": refusing,
            "failed_elsewhere": self._failed_elsewhere(push),
            **plan,
        }

    def push(self, wish: Wish, now_ns: int) -> int:
        """Begin a push; its number.

        Raises:
            NotThere: No agent matches, and none would be told.
        """
        fleet = self._fleet
        if not self._matching(wish.selector):
            raise NotThere(
                f"no agent matches {str(wish.selector) or 'anything'}",
                hint="`otx opamp agents` shows their labels",
            )
        push = fleet.rollouts.begin(wish, now_ns)
        fleet.tick(now_ns)
        fleet.reassign_all()
        return push.number

    def change(self, number: int, verb: Verb, who: str, why: str, now_ns: int) -> None:
        """Pause, resume or take back a push, or forget one that was taken back.

        Raises:
            NotThere: There is no such push.
            UsageError: It is not in a state from which it could.
        """
        rollouts = self._fleet.rollouts
        push = rollouts.pushes.get(number)
        if push is None:
            raise NotThere(f"there is no push {number}", hint="`otx opamp push --list` shows all")
        if push.state not in _FROM[verb]:
            raise UsageError(f"push {number} is {push.state.value}: there is nothing to {verb}")
        if verb == "resume":
            fleet = self._fleet
            excused = rollouts.excuse(push, fleet.agents.values(), now_ns, fleet.patience)
            if excused:
                without = f"in spite of {', '.join(one.text for one in excused[:NAMED])}"
                why = f"{why}; {without}" if why else without
        rollouts.change(push, _STATES[verb], who, why, now_ns)
        self._fleet.tick(now_ns)
        self._fleet.reassign_all()

    def restart(self, selector: Selector, who: str, now_ns: int) -> Document:
        """Order agents to restart; those that are away or cannot are not ordered to.

        Raises:
            NotThere: No agent matches.
        """
        fleet = self._fleet
        agents = self._matching(selector)
        if not agents:
            raise NotThere(f"no agent matches {str(selector) or 'anything'}")
        places: dict[str, list[str]] = {"ordered": [], "unable": [], "away": []}
        for agent in agents:
            if not agent.can(AgentCapability.ACCEPTS_RESTART_COMMAND):
                places["unable"].append(agent.text)
            elif agent.presence(now_ns, fleet.patience) == "gone":
                places["away"].append(agent.text)
            else:
                places["ordered"].append(agent.text)
                agent.restart_ordered_ns = now_ns
                fleet.journal.agent(agent.uid, {"restart_ordered": now_ns})
                if agent.link is not None:
                    fleet.due.add(agent.uid)
        ordered = len(places["ordered"])
        outcome = f"ordered for {ordered} of {len(agents)}"
        fleet.journal.audit(Entry(now_ns, who, "restart", str(selector) or "all agents", outcome))
        return {"selector": str(selector), **places}

    def forget(self, selector: Selector, who: str, why: str, now_ns: int) -> Document:
        """Forget agents that are gone, with what they reported; those that are not stay.

        One that comes back is a new agent: what it refused before may be offered to it again.

        Raises:
            NotThere: No agent matches.
        """
        fleet = self._fleet
        agents = self._matching(selector)
        if not agents:
            raise NotThere(f"no agent matches {str(selector) or 'anything'}")
        gone = [one for one in agents if one.presence(now_ns, fleet.patience) == "gone"]
        for agent in gone:
            fleet.forget(agent)
        outcome = f"{len(gone)} of {len(agents)} are forgotten" + (f": {why}" if why else "")
        fleet.journal.audit(Entry(now_ns, who, "forget", str(selector) or "all agents", outcome))
        return {
            "selector": str(selector),
            "forgotten": [agent.text for agent in gone],
            "there": [agent.text for agent in agents if agent.uid in fleet.agents],
        }

    def retire_settings(self, number: int, who: str, now_ns: int) -> Settings:
        """Let settings that are for nobody any more hold no longer, and their token with them.

        Raises:
            NotThere: There are none of this number.
            UsageError: Agents use them.
        """
        fleet = self._fleet
        one = fleet.settings.by_number.get(number)
        if one is None:
            raise NotThere(f"there are no settings {number}")
        if self._matching(one.selector):
            raise UsageError(
                f"settings {number} are for agents that are known",
                hint="newer settings for the same selector take their place",
            )
        fleet.on_retired(fleet.settings.put_away(one, who, now_ns))
        return one

    def plan_settings(
        self,
        wanted: Mapping[str, Any],
        endpoint: str,
        now_ns: int,
        make_token: Callable[[], str],
        digest_of: Callable[[str], bytes],
    ) -> Document:
        """What an offer of connection settings would do: to whom, and who is left out.

        Raises:
            UsageError: They are none.
            NotThere: No agent matches.
        """
        fleet = self._fleet
        book = SettingsBook(NoJournal(), by_number=dict(fleet.settings.by_number))
        selector, offers, digest = self._settings_of(wanted, endpoint, make_token, digest_of)
        one = book.begin(selector, offers, digest, "", "", now_ns)
        places: dict[str, list[Document]] = {name: [] for name in SettingsStanding}
        view = Standings(one, book, now_ns, fleet.patience)
        for agent in self._matching(selector):
            row = {"uid": agent.text, "service": agent.name, "lacks": lacking(agent, one)}
            place = view.of(agent)
            is_silent = not agent.can(AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS)
            if place is SettingsStanding.WAITING and is_silent:
                place = SettingsStanding.SILENT
            places[place].append(row)
        return {
            "selector": str(selector),
            "parts": parts_of(one),
            "opamp_endpoint": offers.opamp.destination_endpoint or None,
            "is_own_endpoint": offers.opamp.destination_endpoint == endpoint,
            "rotates_token": digest is not None,
            **{name: places[name] for name in ("waiting", "silent", "away", "kept", "unable")},
        }

    def offer_settings(
        self,
        wanted: Mapping[str, Any],
        endpoint: str,
        who: str,
        now_ns: int,
        make_token: Callable[[], str],
        digest_of: Callable[[str], bytes],
    ) -> Settings:
        """Offer connection settings to agents.

        Raises:
            UsageError: They are none.
            NotThere: No agent matches.
        """
        selector, offers, digest = self._settings_of(wanted, endpoint, make_token, digest_of)
        why = str(wanted.get("why", ""))
        one = self._fleet.settings.begin(selector, offers, digest, who, why, now_ns)
        self._fleet.due |= {
            agent.uid for agent in self._matching(selector) if agent.link is not None
        }
        return one

    def _settings_of(
        self,
        wanted: Mapping[str, Any],
        endpoint: str,
        make_token: Callable[[], str],
        digest_of: Callable[[str], bytes],
    ) -> tuple[Selector, ConnectionSettingsOffers, bytes | None]:
        """Whom settings are for, the settings, and the digest of a token that was made for them."""
        if not isinstance(wanted.get("selector"), str):
            raise UsageError('settings need a selector; "" is every agent')
        selector = parse_selector(wanted["selector"])
        if not self._matching(selector):
            raise NotThere(
                f"no agent matches {str(selector) or 'anything'}",
                hint="`otx opamp agents` shows their labels",
            )
        offers, token = read_settings(wanted, endpoint, make_token)
        return selector, offers, digest_of(token) if token is not None else None

    def send(
        self, agent: Agent, capability: str, kind: str, data: bytes, who: str, now_ns: int
    ) -> None:
        """Send an agent a custom message.

        Raises:
            UsageError: The agent does not have that capability, or too many messages wait for it.
        """
        if capability not in agent.custom_capabilities:
            has = ", ".join(agent.custom_capabilities) or "none"
            raise UsageError(
                f"the agent has not the custom capability {capability!r}; it has {has}"
            )
        if agent.outbox is None:
            agent.outbox = deque()
        if len(agent.outbox) >= MOST_WAITING:
            raise UsageError(f"{MOST_WAITING} messages wait for the agent")
        agent.outbox.append(CustomMessage(capability=capability, type=kind, data=data))
        if agent.link is not None:
            self._fleet.due.add(agent.uid)
        outcome = f"{kind} of {capability}, {len(data)} bytes"
        self._fleet.journal.audit(Entry(now_ns, who, "message", agent.text, outcome))

    def _failed_elsewhere(self, push: Push) -> list[Document]:
        """Agents that this push is not for and that reported FAILED for just its content."""
        return [
            {
                "uid": agent.text,
                "service": agent.name,
                "reason": agent.failures[push.config_hash].reason,
            }
            for agent in self._fleet.agents.values()
            if push.config_hash in agent.failures and not push.selector.matches(agent.labels)
        ]

    def _matching(self, selector: Selector) -> list[Agent]:
        return self._fleet.select(lambda agent: selector.matches(agent.labels))

    def _place(self, agent: Agent, push: Push, now_ns: int) -> tuple[str, Push | None]:
        """What a push of everyone at once would do to an agent, and what stands before it."""
        if not agent.can(AgentCapability.ACCEPTS_REMOTE_CONFIG):
            return "unable", None
        rank = (push.selector.specificity, push.number)
        holder = next(iter(self._fleet.rollouts.holding(agent)), None)
        if holder is not None and (holder.selector.specificity, holder.number) > rank:
            return "kept", holder
        if push.config_hash in agent.failures:
            return "failed_before", None
        if agent.config.hash == push.config_hash:
            return "in_sync", None
        if agent.presence(now_ns, self._fleet.patience) != "connected":
            return "away", None
        return "changes", None


def _why_not_taken(agent: Agent, wish: Wish) -> str:
    """Why an agent will refuse what is not signed by a key that it says it trusts; "" else."""
    trusted = agent.labels.get(TRUST_LABEL, "").split()
    return why_not_taken(wish.objects, trusted) if trusted else ""


def read_wish(wanted: Mapping[str, Any], who: str) -> Wish:
    """The wish of a JSON document.

    `objects` is what `read_objects` takes.

    Raises:
        UsageError: A key is missing or has another type.
    """
    objects = wanted.get("objects")
    if not isinstance(objects, dict) or not objects:
        raise UsageError("a push needs objects: a configuration's name and body")
    config = read_objects(objects)
    if not isinstance(wanted.get("selector"), str):
        raise UsageError('a push needs a selector; "" is every agent')
    canary = wanted.get("canary")
    return Wish(
        objects=config,
        name=str(wanted.get("name") or next(iter(objects)) or "config"),
        selector=parse_selector(wanted["selector"]),
        stages=parse_stages(str(canary)) if canary else (EVERYONE,),
        observe_ns=parse_duration_ns(str(wanted.get("observe", "30s"))),
        patience_ns=parse_duration_ns(str(wanted.get("patience", "10m"))),
        who=who,
        why=str(wanted.get("why", "")),
        is_retry=bool(wanted.get("retry", False)),
    )
