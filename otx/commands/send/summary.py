"""What `otx send` shows while it sends, and what it says in the end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from otx.environment import Environment
from otx.errors import ExitCode
from otx.output import Output, ProgressLine, Remarks

if TYPE_CHECKING:
    from otx.services.send import Progress, SendOptions
    from otx.services.send_report import SendReport

_SIGNAL_BASE = 128


def show_progress(environment: Environment, options: "SendOptions | None") -> "Progress | None":
    """What draws the progress on a terminal; None where stderr is none."""
    if not environment.stderr_is_terminal:
        return None
    from otx.services.send_report import progress_text

    line = ProgressLine(environment)
    count = options.count if options else None
    duration_s = options.duration_s if options else None

    def show(so_far: "Callable[[], SendReport]") -> None:
        line.show(lambda: progress_text(so_far(), count, duration_s))

    return show


def tell(
    report: "SendReport", form: Literal["text", "json"], out: str, environment: Environment
) -> None:
    """Write the summary, and warn of a rate that was not kept."""
    if environment.stderr_is_terminal:
        environment.stderr.write("\r\x1b[K")
    output = Output(environment, out)
    if form == "json":
        output.document(report.document())
    else:
        output.text("\n".join(report.lines()))
    if report.asked_rate_per_s is not None and report.is_below_rate:
        asked, reached = round(report.asked_rate_per_s), round(report.rate_per_s)
        Remarks(environment).warning(f"{asked}/s was asked for, {reached}/s was reached")


def exit_code(report: "SendReport", *, is_bounded: bool) -> int:
    """3 where not all was accepted; 130 or 143 where a bounded run was cut short."""
    if is_bounded and report.stopped_by is not None:
        return _SIGNAL_BASE + report.stopped_by
    return ExitCode.PEER if report.rejected or report.failed else ExitCode.DONE
