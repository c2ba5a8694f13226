"""Sends the cases of a check to a service, and gathers what comes of each."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import SplitResult

from otx.propagation.conformance.case import Case, Ids, Pairs
from otx.propagation.conformance.exchange import Exchange
from otx.propagation.conformance.shown import shown_call
from otx.services.context_check.client import Answer, NoAnswer, NotReached, TooSlow, request
from otx.services.context_check.listening import Callbacks, instructions

Mode: TypeAlias = Literal["callback", "response"]
GRACE_S = 2.0
"""How long a call may come after the answer to the request that asked for it."""
SHORT_GRACE_S = 0.25
"""The same once a service has let the whole of it pass: it makes its calls before it answers."""
_PATIENCE = 3
"""So many cases in a row without an answer, and the rest is not sent."""
_ERROR_STATUS = 400
_ONE_SPAN = "several calls of one request need a service that can be asked to make them"


@dataclass(frozen=True, slots=True)
class Service:
    """The service that is checked.

    Attributes:
        parts: Its URL.
        callback_base: The URL of the listener, as the service sees it.
        limit_s: Seconds for one case.
    """

    parts: SplitResult
    callback_base: str
    limit_s: float


class Checker:
    """Sends cases one after the other."""

    def __init__(self, service: Service, callbacks: Callbacks) -> None:
        self._service = service
        self._callbacks = callbacks
        self._grace_s = min(service.limit_s, GRACE_S)
        self._is_fine = True
        """Whether the service answers a request without headers with a status below 400."""

    def send(self, case: Case, mode: Mode) -> Exchange:
        """Send one case.

        Raises:
            NotReached: There is no connection.
            NoAnswer: There is no response.
            TooSlow: The time is over.
        """
        return self._sent(_made(case), mode)

    def run(
        self,
        cases: Sequence[Case],
        mode: Mode,
        is_stopped: Callable[[], bool],
        show: Callable[[int], None],
    ) -> list[Exchange]:
        """Send cases; those that are not sent any more have an excuse.

        Args:
            cases: The cases.
            mode: What is judged of each.
            is_stopped: Asked before each.
            show: Told before each how many are done.
        """
        exchanges: list[Exchange] = []
        misses = 0
        excuse = ""
        for number, case in enumerate(cases):
            show(number)
            if not excuse and is_stopped():
                excuse = "stopped before it was sent"
            if excuse:
                exchanges.append(Exchange(case, (), "", excuse=excuse))
                continue
            blank = _made(case)
            try:
                exchanges.append(self._sent(blank, mode))
                misses = 0
            except NotReached as error:
                exchanges.append(_failed(blank, f"can no longer be reached: {error}"))
                excuse = "the service can no longer be reached"
            except NoAnswer as error:
                exchanges.append(_failed(blank, f"closes the connection unanswered ({error})"))
            except TooSlow:
                exchanges.append(_failed(blank, f"gives no answer in {self._service.limit_s:g} s"))
                misses += 1
                if misses == _PATIENCE:
                    excuse = f"{_PATIENCE} cases in a row had no answer"
        return exchanges

    def _sent(self, blank: Exchange, mode: Mode) -> Exchange:
        if mode == "callback":
            return self._asked(blank)
        return self._shown(blank)

    def _asked(self, blank: Exchange) -> Exchange:
        """Ask for calls, and take them."""
        service, case = self._service, blank.case
        urls = self._callbacks.expect(service.callback_base, case.calls)
        answer = request(service.parts, "POST", blank.sent, instructions(urls), service.limit_s)
        grace_s = self._grace_s if answer.status < _ERROR_STATUS else 0.0
        calls = self._callbacks.wait(case.calls, grace_s)
        problem = ""
        if len(calls) < case.calls:
            if grace_s:
                self._grace_s = min(grace_s, SHORT_GRACE_S)
            amount = f"{len(calls)} of {case.calls} calls" if calls else "no call"
            problem = f"makes {amount}, and answers {answer.status}"
        return _filled(blank, tuple(calls), problem)

    def _shown(self, blank: Exchange) -> Exchange:
        """Send the case alone, and look at the response."""
        case = blank.case
        if case.calls > 1:
            return Exchange(case, blank.sent, blank.parent_id, seen=frozenset(), excuse=_ONE_SPAN)
        answer = request(self._service.parts, "GET", blank.sent, b"", self._service.limit_s)
        is_fine = answer.status < _ERROR_STATUS
        if not case.headers:
            self._is_fine = is_fine
        if self._is_fine and not is_fine:
            return _failed(blank, f"answers {answer.status} to these headers")
        return _read(blank, answer)


def _made(case: Case) -> Exchange:
    ids = Ids.made(secrets.token_bytes)
    return Exchange(case, case.filled(ids), ids.parent)


def _read(blank: Exchange, answer: Answer) -> Exchange:
    call, seen, excuse = shown_call(answer.headers, answer.body, blank.sent)
    calls: tuple[Pairs, ...] = (call,) if call else ()
    return Exchange(blank.case, blank.sent, blank.parent_id, calls, seen, excuse=excuse)


def _filled(blank: Exchange, calls: tuple[Pairs, ...], problem: str) -> Exchange:
    return Exchange(blank.case, blank.sent, blank.parent_id, calls, problem=problem)


def _failed(blank: Exchange, problem: str) -> Exchange:
    return Exchange(blank.case, blank.sent, blank.parent_id, problem=problem)
