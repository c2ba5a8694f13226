"""What a client says of each hash that it is offered, held against the session type of one hash."""

from otx.opamp.protocol import CONFIG, CONFIG_MIDWAY, Label
from otx.opamp.watcher import Watcher

REMEMBERED = 8
"""Hashes of one agent; of older ones nothing is said."""
_SAYS = {1: Label.APPLIED, 2: Label.APPLYING, 3: Label.FAILED}
"""RemoteConfigStatuses and ConnectionSettingsStatuses have the same numbers."""


class _Hash:
    __slots__ = ("first_offer_ns", "is_offered_again", "said", "watcher")

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.said: Label | None = None
        self.first_offer_ns: int | None = None
        self.is_offered_again = False


class HashSessions:
    """The sessions of one agent on one connection, one for each hash.

    Attributes:
        is_known_from_start: Whether the client said that it had received nothing yet; without that
            a status may be of something that was offered where nobody watched.
    """

    __slots__ = ("_current", "_has_forgotten", "_hashes", "_patience_ns", "is_known_from_start")

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._hashes: dict[bytes, _Hash] = {}
        self._current: tuple[bytes, Label] | None = None
        self._has_forgotten = False
        self.is_known_from_start = False

    def offered(self, config_hash: bytes, now_ns: int) -> None:
        """An offer of this hash is on its way to the client."""
        one = self._of(config_hash)
        one.is_offered_again = one.said is not None
        if one.first_offer_ns is None:
            one.first_offer_ns = now_ns
        one.watcher.hears(Label.OFFER, now_ns)

    def said(self, config_hash: bytes, status: int, now_ns: int) -> int | None:
        """The client states a status; the number of the rule that this breaks, or None."""
        label = _SAYS.get(status)
        if label is None or not config_hash:
            return None
        one = self._of(config_hash)
        for known, other in self._hashes.items():
            if known != config_hash:
                if one.said is None and one.first_offer_ns is not None:
                    other.watcher.has_read(before_ns=one.first_offer_ns)
                other.watcher.says(Label.OTHER_HASH, now_ns)
        is_in_place = one.watcher.says(label, now_ns)
        number = None if is_in_place else self._rule(config_hash, one, label)
        one.said = label
        if label is not Label.APPLYING:
            # Answered: a restart that comes later has another cause, such as another local file.
            one.is_offered_again = False
        self._current = (config_hash, label)
        return number

    def restarts(self) -> None:
        """The client is told to start anew: what it then says of what it has is no second try."""
        for one in self._hashes.values():
            one.said, one.is_offered_again = None, False

    def _rule(self, config_hash: bytes, one: _Hash, label: Label) -> int | None:
        if one.said is None and one.first_offer_ns is None:
            return 206 if self.is_known_from_start and not self._has_forgotten else None
        current_hash, current = self._current or (config_hash, label)
        if current_hash != config_hash:
            if label is not Label.APPLIED:
                return None
            return 207 if current is Label.FAILED else 91
        if not one.is_offered_again:
            return None
        return 89 if one.said is Label.FAILED else 90

    def _of(self, config_hash: bytes) -> _Hash:
        one = self._hashes.pop(config_hash, None)
        if one is None:
            kind = CONFIG if self.is_known_from_start else CONFIG_MIDWAY
            one = _Hash(Watcher(kind, self._patience_ns))
        self._hashes[config_hash] = one
        if len(self._hashes) > REMEMBERED:
            del self._hashes[next(iter(self._hashes))]
            self._has_forgotten = True
        return one
