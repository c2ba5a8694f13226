"""The settings of the connection on disk: the current ones, and a candidate that is being tried."""

from collections.abc import Callable, Sequence

from otx.errors import OtxError
from otx.opamp.client.core import DEFAULT_INTERVAL_S, LARGEST_INTERVAL_S
from otx.opamp.client.settings import Role, Verdict
from otx.opamp.opamp_pb2 import ConnectionSettingsStatuses as Statuses
from otx.opamp.opamp_pb2 import OpAMPConnectionSettings
from otx.opamp.transport.endpoint import Endpoint
from otx.services.agent.enrolment import KEY
from otx.services.agent.memory import Keeper
from otx.services.agent.section import Allowed
from otx.services.agent.settings import endpoint_of, why_refused, with_certificate

APPLIED = Statuses.ConnectionSettingsStatuses_APPLIED
APPLYING = Statuses.ConnectionSettingsStatuses_APPLYING
FAILED = Statuses.ConnectionSettingsStatuses_FAILED


class Connection:
    """Where an agent connects to; each change is on disk before anything rests on it."""

    def __init__(
        self, keeper: Keeper, local: Sequence[Endpoint], remark: Callable[[str], None]
    ) -> None:
        """Begin with what is on disk; `local` are the servers of the command line, best first."""
        self._keeper = keeper
        self._local = local
        self._remark = remark

    def offered(
        self, settings_hash: bytes, settings: OpAMPConnectionSettings, allowed: Allowed
    ) -> bool:
        """Refuse an offer, or keep it as the candidate; True where it is to be tried."""
        current = self.endpoints(Role.CURRENT)[0]
        reason = why_refused(settings, current, allowed)
        if reason:
            self._remark(f"connection settings of the server are refused: {reason}")
            self._note(settings_hash, FAILED, reason)
            return False
        if endpoint_of(settings, current) == current:
            self._note(settings_hash, APPLIED, "")
            return False
        kept = dict(self._keeper.memory.settings)
        before = OpAMPConnectionSettings.FromString(kept.get(Role.CURRENT.value, b""))
        kept["candidate"] = with_certificate(settings, before, current).SerializeToString()
        self._note(settings_hash, APPLYING, "", kept)
        return True

    def decided(self, verdict: Verdict, reason: str) -> None:
        """Make the candidate the current settings, or drop it."""
        kept = dict(self._keeper.memory.settings)
        candidate = kept.pop("candidate", b"")
        settings_hash = self._keeper.memory.settings_hash
        if verdict is Verdict.FAILED:
            self._note(settings_hash, FAILED, reason, kept)
            self._remark(f"the server's connection settings do not work: {reason}")
            return
        kept["current"] = candidate
        if OpAMPConnectionSettings.FromString(candidate).certificate.cert:
            kept.pop(KEY, None)
        self._note(settings_hash, APPLIED, "", kept)
        self._remark("the server's connection settings work and are kept")

    def endpoints(self, role: Role) -> Sequence[Endpoint]:
        """Where to connect to: what the server offered, before what the command line names."""
        first = self._local[0]
        found = []
        for name in (Role.CURRENT.value, role.value):
            content = self._keeper.memory.settings.get(name)
            if content:
                try:
                    first = endpoint_of(OpAMPConnectionSettings.FromString(content), first)
                except OtxError as error:
                    self._remark(f"stored connection settings are not used: {error.message}")
                found = [first]
        return found if role is Role.CANDIDATE and found else [*found, *self._local]

    def interval_s(self, local_s: int) -> int:
        """Of heartbeats: what the settings that are kept say, else the local file."""
        kept = self._keeper.memory.settings.get(Role.CURRENT.value)
        if kept is not None:
            told_s = OpAMPConnectionSettings.FromString(kept).heartbeat_interval_seconds
            return min(told_s, LARGEST_INTERVAL_S)
        return local_s or DEFAULT_INTERVAL_S

    def _note(
        self,
        settings_hash: bytes,
        status: int,
        reason: str,
        kept: dict[str, bytes] | None = None,
    ) -> None:
        self._keeper.change(
            settings=self._keeper.memory.settings if kept is None else kept,
            settings_hash=settings_hash,
            settings_status=status,
            settings_reason=reason,
        )
