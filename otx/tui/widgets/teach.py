"""What an empty screen says: where telemetry is taken, and two ways to send some."""

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from otx.tui.snapshot import Status


class Teach(Widget):
    """Shown in place of a list that has nothing in it."""

    DEFAULT_CSS = "Teach { height: 1fr; padding: 1 3; color: $foreground; display: none; }"

    def __init__(self, what: str) -> None:
        super().__init__()
        self._what = what
        self._status = Status()

    def teach(self, status: Status) -> None:
        """Name these addresses."""
        if (status.grpc, status.http) != (self._status.grpc, self._status.http):
            self._status = status
            self.refresh()

    def render(self) -> RenderResult:
        """The lesson."""
        return Content.from_markup("\n".join(teach_lines(self._what, self._status)))


def teach_lines(what: str, status: Status) -> list[str]:
    """The lesson as lines of markup."""
    if not status.receives:
        return [
            f"[b]No {what} yet, and nothing receives for this store.[/b]",
            "",
            "Leave with q and start [b $primary]otx tui[/] without --no-receive,",
            "or run [b $primary]otx receive[/] with the same --store beside this.",
        ]
    endpoint = f"http://{status.http or status.grpc}"
    protocol = "http/protobuf" if status.http else "grpc"
    return [
        f"[b]No {what} yet.[/b] OTLP is taken at [b]{status.grpc or '–'}[/b] (gRPC) and"
        f" [b]{status.http or '–'}[/b] (HTTP).",
        "",
        "Paste this before you start a program that uses an OpenTelemetry SDK:",
        "",
        f"  [b $primary]export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}[/]",
        f"  [b $primary]export OTEL_EXPORTER_OTLP_PROTOCOL={protocol}[/]",
        "",
        "or let otx send something:",
        "",
        f"  [b $primary]otx send traces --endpoint {endpoint} --count 100[/]",
    ]
