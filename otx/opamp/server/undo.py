"""What an operator's change had found, so that one that cannot be kept leaves no trace."""

from collections import deque
from dataclasses import replace

from otx.opamp.server.fleet import Fleet


class Undo:
    """The pushes, settings and orders of a fleet at a moment."""

    def __init__(self, fleet: Fleet) -> None:
        """Remember them as they are."""
        rollouts = fleet.rollouts
        self._fleet = fleet
        self._configurations = dict(rollouts.configurations)
        self._pushes = [
            replace(push, released=dict(push.released)) for push in rollouts.pushes.values()
        ]
        self._settings = {one.number: replace(one) for one in fleet.settings.by_number.values()}
        self._due = set(fleet.due)
        self._agents = dict(fleet.agents)
        self._orders = [
            (agent, agent.restart_ordered_ns, tuple(agent.outbox or ()))
            for agent in fleet.agents.values()
        ]

    def __call__(self) -> None:
        """Put them back; nothing else may have happened to the fleet since."""
        fleet = self._fleet
        fleet.rollouts.load(self._configurations.values(), self._pushes)
        fleet.settings.by_number = self._settings
        fleet.agents = self._agents
        for agent, ordered_ns, messages in self._orders:
            agent.restart_ordered_ns = ordered_ns
            if agent.outbox is not None:
                agent.outbox = deque(messages)
        fleet.reassign_all()
        fleet.due = self._due
