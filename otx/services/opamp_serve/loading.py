"""A fleet as its database has it, nobody connected."""

import sqlite3

from otx.opamp.server.authority import Authority
from otx.opamp.server.fleet import Fleet
from otx.opamp.server.rollouts import Rollouts
from otx.opamp.server.settings import given_tokens
from otx.services.opamp_serve.database import (
    read_agents,
    read_configurations,
    read_pushes,
    read_settings,
)
from otx.services.opamp_serve.keeper import Keeper
from otx.services.opamp_serve.options import ServeOptions
from otx.services.opamp_serve.tokens import Tokens

RETURN_NS = 60_000_000_000
"""How long agents may take to come back after a restart of the server; ten thousand took 19 s."""


class Kept:
    """What a database has of a fleet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._agents = list(read_agents(connection))
        self._configurations = read_configurations(connection)
        self._pushes = read_pushes(connection)
        self._settings = read_settings(connection)

    def fleet(
        self, options: ServeOptions, keeper: Keeper, authority: Authority | None, now_ns: int
    ) -> Fleet:
        """The fleet as it was, nobody connected; who was is expected back."""
        rollouts = Rollouts(keeper)
        rollouts.load(self._configurations, self._pushes)
        fleet = Fleet(keeper, rollouts, options.patience, authority=authority)
        fleet.settings.by_number = {one.number: one for one in self._settings}
        fleet.settings.heartbeat_s = options.heartbeat_s
        fleet.settings.tells_certificates = options.client_ca is not None
        for agent in self._agents:
            agent.expected_until_ns = now_ns + RETURN_NS if agent.was_connected else 0
        fleet.agents = {agent.uid: agent for agent in self._agents}
        fleet.reassign_all()
        fleet.due.clear()
        return fleet


def share_tokens(fleet: Fleet, tokens: Tokens) -> None:
    """Let agents in with the tokens of settings, and no longer when those are retired."""
    for digest, number in given_tokens(fleet.settings.by_number.values()).items():
        tokens.give(digest, f"settings {number}")
    fleet.on_retired = lambda one: tokens.take(one.token_digest)
