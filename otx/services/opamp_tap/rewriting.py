"""A recorded message made fit for a live peer: uids, sequence numbers and hashes.

A replayed agent is a new one, and the other side's hashes and uids are others than those on the
record; what the record says of them is translated by what has taken their place.
"""

import secrets
from collections.abc import Callable

from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent


class Rewriter:
    """Translates from a record to a live conversation."""

    def __init__(
        self,
        new_uid: Callable[[], bytes],
        keeps_uids: bool = False,
        first_sequence: Callable[[], int] = lambda: secrets.randbits(32),
    ) -> None:
        self._new_uid = new_uid
        self._keeps_uids = keeps_uids
        self._first_sequence = first_sequence
        self._uids: dict[bytes, bytes] = {}
        self._offsets: dict[bytes, int] = {}
        self._hashes: dict[bytes, bytes] = {}

    def uid(self, recorded: bytes) -> bytes:
        """The uid that takes the place of a recorded one."""
        if self._keeps_uids or not recorded:
            return recorded
        if recorded not in self._uids:
            self._uids[recorded] = self._new_uid()
        return self._uids[recorded]

    def is_known(self, recorded: bytes) -> bool:
        """Whether something has taken the place of a uid."""
        return self._keeps_uids or recorded in self._uids

    def take_uid(self, recorded: bytes, live: bytes) -> None:
        """A uid that the other side chose takes the place of a recorded one."""
        self._uids[recorded] = live

    def report(self, recorded: AgentToServer) -> AgentToServer:
        """A report as a replayed agent sends it; the steps between its numbers stay."""
        report = AgentToServer.FromString(recorded.SerializeToString())
        old = recorded.instance_uid
        report.instance_uid = self.uid(old)
        if old not in self._offsets:
            self._offsets[old] = self._first_sequence() - recorded.sequence_num
        report.sequence_num = (recorded.sequence_num + self._offsets[old]) % (1 << 64)
        if report.HasField("agent_description"):
            self._describe(report, old)
        if report.HasField("remote_config_status"):
            status = report.remote_config_status
            status.last_remote_config_hash = self._hash(status.last_remote_config_hash)
        if report.HasField("connection_settings_status"):
            settings = report.connection_settings_status
            settings.last_connection_settings_hash = self._hash(
                settings.last_connection_settings_hash
            )
        if report.HasField("package_statuses"):
            packages = report.package_statuses
            packages.server_provided_all_packages_hash = self._hash(
                packages.server_provided_all_packages_hash
            )
        return report

    def answer(self, recorded: ServerToAgent) -> ServerToAgent:
        """An answer as a replayed server sends it; its hashes are its own and stay."""
        answer = ServerToAgent.FromString(recorded.SerializeToString())
        answer.instance_uid = self.uid(recorded.instance_uid)
        if answer.HasField("agent_identification"):
            new = answer.agent_identification
            new.new_instance_uid = self.uid(new.new_instance_uid)
        return answer

    def learn(self, recorded: ServerToAgent, live: ServerToAgent) -> None:
        """A live answer is in the place of a recorded one: its hashes and uid are too."""
        pairs = [
            (recorded.remote_config.config_hash, live.remote_config.config_hash),
            (recorded.connection_settings.hash, live.connection_settings.hash),
            (
                recorded.packages_available.all_packages_hash,
                live.packages_available.all_packages_hash,
            ),
        ]
        self._hashes.update((old, new) for old, new in pairs if old and new)
        old = recorded.agent_identification.new_instance_uid
        new = live.agent_identification.new_instance_uid
        if old and new:
            self.take_uid(old, new)

    def _hash(self, recorded: bytes) -> bytes:
        return self._hashes.get(recorded, recorded)

    def _describe(self, report: AgentToServer, old: bytes) -> None:
        for one in report.agent_description.identifying_attributes:
            if one.value.string_value == uid_text(old):
                one.value.string_value = uid_text(report.instance_uid)
