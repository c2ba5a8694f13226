"""How agents stand to connection settings, for the plan of an offer and for what came of it."""

from enum import StrEnum

from otx.opamp.capabilities import AgentCapability
from otx.opamp.server.agent import Agent, Patience, Progress
from otx.opamp.server.settings import Settings, SettingsBook, allowed


class SettingsStanding(StrEnum):
    """How an agent stands to settings that match it; the first that holds."""

    UNABLE = "unable"
    """Its capabilities allow none of their parts."""
    KEPT = "kept"
    """More specific or newer settings hold for it."""
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


def settings_standing(
    agent: Agent, one: Settings, book: SettingsBook, now_ns: int, patience: Patience
) -> SettingsStanding:
    """How an agent stands to settings whose selector matches it."""
    if allowed(one.offers, agent) is None:
        return SettingsStanding.UNABLE
    if book.assigned(agent) is not one:
        return SettingsStanding.KEPT
    if one.hash in agent.failures:
        return SettingsStanding.FAILED
    if agent.presence(now_ns, patience) != "connected":
        return SettingsStanding.AWAY
    said = agent.settings.progress if agent.settings.hash == one.hash else Progress.UNSET
    if said is Progress.FAILED:
        return SettingsStanding.FAILED
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
    rest = allowed(one.offers, agent)
    kept = {field.name for field, _ in rest.ListFields()} if rest is not None else set()
    return [name for name in parts_of(one) if name not in kept]


def parts_of(one: Settings) -> list[str]:
    """The parts that settings have, by their names in the protocol."""
    return [field.name for field, _ in one.offers.ListFields() if field.name != "hash"]
