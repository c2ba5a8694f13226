"""What `otx trace-context check URL` does: listens, asks the service, judges, prints."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult

from otx.environment import Environment
from otx.errors import ExitCode, OtxError, PeerError, UsageError
from otx.otlp.address import Address, bind, cannot_listen
from otx.output import Output, Painter, Remarks
from otx.propagation.conformance.case import Case
from otx.propagation.conformance.cases import cases_of
from otx.propagation.conformance.document import check_document
from otx.propagation.conformance.exchange import Exchange, Judgement
from otx.propagation.conformance.judging import judge
from otx.propagation.model import Level
from otx.propagation.report.check_page import check_page
from otx.services.context_check.checker import Checker, Mode, Service
from otx.services.context_check.client import NoAnswer, NotReached, TooSlow, parse_url
from otx.services.context_check.listening import Callbacks, WayBack, way_back
from otx.services.context_check.server import Server
from otx.system.stop import StopSignal

_HTTP_PORTS = {"http": 80, "https": 443}
_ANY_HOST = ("", "0.0.0.0", "::")  # noqa: S104 - asked for by name
_STOPPED = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}
_NO_CALLS = (
    "the service made no call when asked to: what its responses show was judged, and no more"
)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What `check` was asked for.

    Attributes:
        mode: `auto` takes responses where the first request brings no call.
        limit_s: Seconds for one case.
        listen: Where to be called back; None for an address by which the service reaches it.
        callback: The URL to be called back by, where the service has to take another way.
    """

    url: str
    mode: Literal["auto", "callback", "response"]
    level: Level
    limit_s: float
    listen: str | None
    callback: str | None
    form: Literal["text", "json"]
    out: str


def run_check(environment: Environment, options: CheckOptions) -> ExitCode:
    """Check a service, and print; 1 where it breaks a rule that binds, or nothing can be judged.

    Raises:
        UsageError: The URL or an address is none.
        PeerError: Nobody answers at the URL.
        OtxError: The first request takes too long.
        MachineError: The listener's address cannot be had.
    """
    parts = parse_url(options.url)
    if options.callback is not None:
        parse_url(options.callback)
    remarks = Remarks(environment)
    back = _way_back(parts, options)
    listening = _listening_address(options, back)
    callbacks = Callbacks()
    with StopSignal() as stop:
        try:
            listener = bind(listening)
        except OSError as error:
            raise cannot_listen(listening, "--listen", error) from None
        with Server(listener, callbacks.answer) as server:
            base = _callback_base(options, back, listening, server.address[1])
            if not back.is_same_machine:
                remarks.note(f"{parts.hostname} is not this machine; it is to call back {base}")
            service = Service(parts, base, options.limit_s)
            progress = _Progress(environment, len(cases_of(options.level)))
            checker = Checker(service, callbacks)
            mode, exchanges = _gathered(checker, options, lambda: stop.is_set, progress)
        judgements = [judge(one, options.level) for one in exchanges]
        _write(environment, judgements, options, mode)
        if (options.mode, mode) == ("auto", "response"):
            remarks.note(_NO_CALLS)
        if stop.number is not None:
            return _STOPPED[stop.number]
    return _verdict(judgements)


class _Progress:
    """A line on stderr that says how far it is; nothing where stderr is no terminal."""

    def __init__(self, environment: Environment, total: int) -> None:
        self._stream = environment.stderr if environment.stderr_is_terminal else None
        self._total = total
        self._began_s = time.monotonic()

    def show(self, done: int) -> None:
        """Draw over the last line."""
        if self._stream is None:
            return
        elapsed_s = time.monotonic() - self._began_s
        rate = done / elapsed_s if elapsed_s else 0.0
        left = f", {(self._total - done) / rate:.0f} s left" if rate else ""
        self._stream.write(f"\r\x1b[Kchecking: {done} of {self._total} cases, {rate:.0f}/s{left}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _gathered(
    checker: Checker, options: CheckOptions, is_stopped: Callable[[], bool], progress: _Progress
) -> tuple[Mode, list[Exchange]]:
    """Send all cases; the first one says whether the service is there, and calls back."""
    first_case, *others = cases_of(options.level)
    mode: Mode = "response" if options.mode == "response" else "callback"
    first = _probed(checker, first_case, mode, options)
    if options.mode == "auto" and not first.calls:
        mode = "response"
        first = _probed(checker, first_case, mode, options)
    rest = checker.run(others, mode, is_stopped, lambda done: progress.show(done + 1))
    progress.clear()
    return mode, [first, *rest]


def _probed(checker: Checker, case: Case, mode: Mode, options: CheckOptions) -> Exchange:
    try:
        return checker.send(case, mode)
    except NotReached as error:
        raise PeerError(
            f"cannot reach {options.url}: {error}", hint="start the service, or mend the URL"
        ) from None
    except NoAnswer as error:
        raise PeerError(
            f"{options.url} does not answer as HTTP does ({error})",
            hint="the URL is one of a service that speaks HTTP/1.1",
        ) from None
    except TooSlow:
        raise OtxError(
            f"{options.url} gives no answer in {options.limit_s:g} s",
            hint="--timeout gives it longer",
            code=ExitCode.TIMEOUT,
        ) from None


def _way_back(parts: SplitResult, options: CheckOptions) -> WayBack:
    try:
        return way_back(parts.hostname or "", parts.port or _HTTP_PORTS[parts.scheme])
    except OSError as error:
        raise PeerError(
            f"cannot reach {options.url}: {error.strerror or error}", hint="mend the URL"
        ) from None


def _listening_address(options: CheckOptions, back: WayBack) -> Address:
    """Where to listen: where the service reaches it and nobody else, unless something is said."""
    if options.listen is None:
        return Address(back.host, 0)
    address = Address.parse(options.listen)
    if address.path:
        raise UsageError("--listen takes HOST:PORT: a URL leads to no Unix socket")
    return address


def _callback_base(options: CheckOptions, back: WayBack, address: Address, port: int) -> str:
    """The listener's URL as the service sees it."""
    if options.callback is not None:
        return options.callback.rstrip("/")
    host = back.host if address.host in _ANY_HOST else address.host
    return f"http://{Address(host, port)}"


def _write(
    environment: Environment, judgements: Sequence[Judgement], options: CheckOptions, mode: Mode
) -> None:
    output = Output(environment, options.out)
    if options.form == "json":
        output.document(check_document(judgements, options.url, mode, options.level))
        return
    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        stream.write("\n".join(check_page(judgements, painter)) + "\n")


def _verdict(judgements: Sequence[Judgement]) -> ExitCode:
    verdicts = {one.verdict for one in judgements}
    # Where nothing could be judged nothing has passed either.
    return ExitCode.NO if "fail" in verdicts or verdicts == {"unjudged"} else ExitCode.DONE
