"""What the agent has to say: one merged report, no queue.

The specification needs no queue, because a later state replaces an earlier one. One case must not
be merged away: FAILED for a configuration, followed by a status of another one. A server that never
hears of the failure offers the broken configuration again (facts of the model search: M2b). Such
failures wait here, few of them, and are sent before the newer status.
"""

from collections import deque
from typing import TypeAlias

from google.protobuf.message import Message

from otx.opamp.opamp_pb2 import (
    AgentToServer,
    AvailableComponents,
    RemoteConfigStatus,
    RemoteConfigStatuses,
)

FAILED = RemoteConfigStatuses.RemoteConfigStatuses_FAILED

PARTS = (
    "agent_description",
    "health",
    "effective_config",
    "remote_config_status",
    "package_statuses",
    "custom_capabilities",
    "available_components",
    "connection_settings_status",
)
"""The fields that may be left out while they are unchanged (specification, status compression)."""

BULKY = ("effective_config", "available_components", "package_statuses", "health")
"""Parts that are left out, in this order, when a message would be larger than the limit."""

FAILURES_KEPT = 8
"""Failures of other configurations that wait to be told; the oldest give way."""

Parts: TypeAlias = dict[str, Message]


class Report:
    """The parts as they are, and which of them the server has not been told."""

    def __init__(self) -> None:
        self._parts: Parts = {}
        self._untold: set[str] = set()
        self._last_told: Parts = {}
        self._withheld: set[str] = set()
        self._failures: deque[RemoteConfigStatus] = deque(maxlen=FAILURES_KEPT)
        self._full_components: AvailableComponents | None = None
        self._wants_components = False

    def put(self, name: str, part: Message) -> bool:
        """Take over a part; whether it differs from what was there."""
        old = self._parts.get(name)
        if old == part:
            return False
        if name == "remote_config_status" and name in self._untold:
            self._keep_failure(old, part)
        kept = type(part)()
        kept.CopyFrom(part)
        self._parts[name] = kept
        self._untold.add(name)
        self._withheld.discard(name)
        if part == self._last_told.get(name):
            self._untold.discard(name)  # there and back between two reports is no change
        return True

    def set_components(self, components: AvailableComponents) -> bool:
        """Take over the catalogue: its hash is reported, the map where the server asks for it."""
        self._full_components = AvailableComponents()
        self._full_components.CopyFrom(components)
        return self.put("available_components", AvailableComponents(hash=components.hash))

    def current(self, name: str) -> Message | None:
        """A part as it is."""
        return self._parts.get(name)

    def ask_all(self) -> None:
        """Everything is to be told again."""
        self._untold.update(self._parts)
        self._last_told.clear()
        self._withheld.clear()

    def ask_components(self) -> None:
        """The whole catalogue is to be told with the next report."""
        if self._full_components is not None:
            self._wants_components = True
            self._untold.add("available_components")
            self._withheld.discard("available_components")

    def ask(self, name: str) -> None:
        """One part is to be told again."""
        if name in self._parts:
            self._untold.add(name)
            self._last_told.pop(name, None)

    def withhold(self, name: str) -> None:
        """Do not tell a part, which is too large, until it changes."""
        self._withheld.add(name)
        self._untold.discard(name)

    def untold(self, permitted: frozenset[str]) -> set[str]:
        """Which permitted parts the server has not been told."""
        return self._untold & permitted

    def take(self, permitted: frozenset[str]) -> Parts:
        """The permitted parts that are untold, told from now on."""
        told: Parts = {}
        for name in sorted(self._untold & permitted, key=PARTS.index):
            told[name] = self._told(name)
            if name != "remote_config_status":  # a failure must be told, whatever follows it
                self._last_told[name] = told[name]
        return told

    def put_back(self, parts: Parts) -> None:
        """Parts that may not have arrived are untold again, in their present state."""
        for name, part in parts.items():
            self._last_told.pop(name, None)
            if name == "remote_config_status":
                self._keep_failure(part, self._parts.get(name), is_newest=False)
            if name not in self._withheld:
                self._untold.add(name)

    def _told(self, name: str) -> Message:
        if name == "remote_config_status" and self._failures:
            return self._failures.popleft()  # the newer status stays untold, for the next message
        self._untold.discard(name)
        if name == "available_components" and self._wants_components and self._full_components:
            self._wants_components = False
            return self._full_components
        return self._parts[name]

    def _keep_failure(
        self, old: Message | None, new: Message | None, is_newest: bool = True
    ) -> None:
        if not isinstance(old, RemoteConfigStatus) or old.status != FAILED:
            return
        is_same = (
            isinstance(new, RemoteConfigStatus)
            and new.last_remote_config_hash == old.last_remote_config_hash
        )
        if is_same or old in self._failures:
            return
        if is_newest:
            self._failures.append(old)
        elif len(self._failures) < FAILURES_KEPT:
            self._failures.appendleft(old)


def put_into(message: AgentToServer, parts: Parts) -> None:
    """Set the parts of a report."""
    for name, part in parts.items():
        getattr(message, name).CopyFrom(part)
        getattr(message, name).SetInParent()
