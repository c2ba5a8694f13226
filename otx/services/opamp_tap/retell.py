"""A record told again, as the tap told it, rules and summary included."""

from collections.abc import Callable, Iterable

from otx.opamp.instance_uid import parse_uid
from otx.opamp.monitor import Broken
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport, all_rules
from otx.services.opamp_tap.events import Event, Kind
from otx.services.opamp_tap.observer import Conversation, Fate, Observer
from otx.services.opamp_tap.record import Recorded, fate_of
from otx.services.opamp_tap.summary import Summary


def retell(record: Iterable[Recorded], told: Callable[[Event], None]) -> Summary:
    """Tell each line of a record again; what is told of messages is worked out anew."""
    observer = Observer(told)
    conversations: dict[int, _Again] = {}
    for line in record:
        again = conversations.get(line.connection)
        if again is None:
            again = conversations[line.connection] = _Again(observer, line.connection)
        again.tell(line)
    return observer.summary


class _Again:
    """One connection of a record."""

    def __init__(self, observer: Observer, number: int) -> None:
        self._conversation: Conversation = observer.conversation(number)
        self._asked_ns = 0
        self._uid = b""

    def tell(self, line: Recorded) -> None:
        conversation, says = self._conversation, list(line.says)
        if line.kind is Kind.MESSAGE:
            self._message(line, fate_of(line))
        elif line.kind is Kind.CLOSE and "code" in line.details:
            reason = says[0].partition(": ")[2] if says else ""
            code = int(line.details["code"])
            conversation.closes(line.at_ns, line.side or Side.CLIENT, code, reason)
        elif line.kind is Kind.CLOSE:
            conversation.lost(line.at_ns, line.side or Side.CLIENT, "; ".join(says))
        elif line.kind is Kind.FAULT:
            conversation.faults(line.at_ns, says, line.side)
        elif line.kind is Kind.REFUSED:
            status, wait_s = int(line.details["status"]), line.details.get("retry_after_s")
            conversation.refused(line.at_ns, status, says, _uid(line), wait_s)
        else:
            self._other(line, says)

    def _message(self, line: Recorded, fate: Fate) -> None:
        side = line.side or Side.CLIENT
        if line.transport is not Transport.HTTP:
            self._conversation.message(line.at_ns, side, line.data, line.is_text, fate)
        elif side is Side.CLIENT:
            self._asked_ns = line.at_ns
            self._uid = self._conversation.request(line.at_ns, line.data, "", fate)
        else:
            self._conversation.response(line.at_ns, line.data, self._uid, self._asked_ns, fate)

    def _other(self, line: Recorded, says: list[str]) -> None:
        event = Event(line.kind, line.at_ns, line.connection, says, line.side, uid=_uid(line))
        # Rules that time alone broke were found by a clock, which a record has not.
        event.broken = [
            Broken(all_rules()[one["number"]], _side(one), one["evidence"], event.uid, line.at_ns)
            for one in line.details.get("broken_rules", [])
            if one.get("number") in all_rules()
        ]
        self._conversation.tell(event)


def _side(broken: dict[str, str]) -> Side:
    return Side.CLIENT if broken.get("side") == "agent" else Side.SERVER


def _uid(line: Recorded) -> bytes:
    text = line.details.get("uid") or ""
    try:
        return parse_uid(text) if text else b""
    except ValueError:
        return b""
