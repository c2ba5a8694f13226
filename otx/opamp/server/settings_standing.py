"""How agents stand to connection settings, for the plan of an offer and for what came of it."""

from enum import StrEnum

from otx.opamp.capabilities import SETTINGS_NEED, AgentCapability
from otx.opamp.server.agent import Agent, Patience, Progress
from otx.opamp.server.settings import Settings, SettingsBook, SettingsState


class SettingsStanding(StrEnum):
    """How an agent stands to settings that match it; the first that holds."""

    UNABLE = "unable"
    """Its capabilities allow none of their parts."""
    KEPT = "kept"
    """More specific or newer settings hold for it, or these are retired."""
    FAILED = "failed"
    """It said FAILED; it is not offered them again."""
    AWAY = "away"
    """It is gone or stale, and is offered them when it returns."""
    APPLIED = "applied"
    """It said so, or speaks with the token that was made for them."""
    APPLYING = "applying"
    SILENT = "silent"
    """They were sent to it, and it never says what becomes of settings."""
    WAITING = "waiting"
    """It was not offered them yet, or has not answered."""


class Standings:
    """How agents stand to settings at a moment; what is the same for all is looked up once."""

    def __init__(self, one: Settings, book: SettingsBook, now_ns: int, patience: Patience) -> None:
        self._one = one
        self._needs = [SETTINGS_NEED[name] for name in parts_of(one)]
        self._stronger = book.stronger(one)
        self._now_ns = now_ns
        self._patience = patience

    def of(self, agent: Agent) -> SettingsStanding:
        """How an agent stands whom the selector matches."""
        one = self._one
        if not any(agent.can(bit) for bit in self._needs):
            return SettingsStanding.UNABLE
        is_over = one.state is not SettingsState.OFFERED
        if is_over or any(other.selector.matches(agent.labels) for other in self._stronger):
            return SettingsStanding.KEPT
        said = agent.settings.progress if agent.settings.hash == one.hash else Progress.UNSET
        if one.hash in agent.failures or said is Progress.FAILED:
            return SettingsStanding.FAILED
        if agent.presence(self._now_ns, self._patience) != "connected":
            is_expected = self._now_ns < agent.expected_until_ns
            return SettingsStanding.WAITING if is_expected else SettingsStanding.AWAY
        has_token = one.token_digest is not None and agent.credential == one.token_digest
        if said is Progress.APPLIED or has_token:
            return SettingsStanding.APPLIED
        if said is Progress.APPLYING:
            return SettingsStanding.APPLYING
        offer = agent.settings_offer
        is_sent = offer is not None and offer.hash == one.hash
        is_silent = not agent.can(AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS)
        return SettingsStanding.SILENT if is_sent and is_silent else SettingsStanding.WAITING


def lacking(agent: Agent, one: Settings) -> list[str]:
    """The parts of settings that an agent's capabilities do not allow."""
    return [name for name in parts_of(one) if not agent.can(SETTINGS_NEED[name])]


def parts_of(one: Settings) -> list[str]:
    """The parts that settings have, by their names in the protocol."""
    return [field.name for field, _ in one.offers.ListFields() if field.name != "hash"]
