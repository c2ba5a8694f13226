"""What `otx send` shows while it sends, and what it says in the end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Self

from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output, ProgressLine, Remarks

if TYPE_CHECKING:
    from otx.services.send_report import SendReport

_SIGNAL_BASE = 128


class Screen:
    """What is shown while something is sent: how far it is, and what the destination says."""

    def __init__(
        self, environment: Environment, count: int | None = None, duration_s: float | None = None
    ) -> None:
        """Show nothing yet; with a count or a duration it is known how much is left."""
        self._line = ProgressLine(environment)
        self._remarks = Remarks(environment)
        self._count = count
        self._duration_s = duration_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._line.clear()

    def progress(self, so_far: "Callable[[], SendReport]") -> None:
        """Draw how far it is, where stderr is a terminal."""
        from otx.services.send_report import progress_text

        self._line.show(lambda: progress_text(so_far(), self._count, self._duration_s))

    def note(self, text: str) -> None:
        """Say something in the progress's place; it is drawn below when its time comes."""
        self._line.clear()
        self._remarks.note(text)


def tell(
    report: "SendReport", form: Literal["text", "json"], out: str, environment: Environment
) -> None:
    """Write the summary, and warn of a rate that was not kept."""
    output = Output(environment, out)
    if form == "json":
        output.document(report.document())
    else:
        output.text("\n".join(report.lines()))
    if report.asked_rate_per_s is not None and report.is_below_rate:
        asked, reached = round(report.asked_rate_per_s), round(report.rate_per_s)
        Remarks(environment).warning(f"{asked}/s was asked for, {reached}/s was reached")


def exit_code(report: "SendReport", *, is_bounded: bool) -> int:
    """3 where not all was accepted, 1 where some could not be sent, 130 or 143 where cut short."""
    if is_bounded and report.stopped_by is not None:
        return _SIGNAL_BASE + report.stopped_by
    if report.rejected or report.failed:
        return ExitCode.PEER
    return ExitCode.NO if report.too_large else ExitCode.DONE
