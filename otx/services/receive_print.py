"""Shows requests as they come."""

from collections.abc import Callable

from otx.otlp.decode import Request, parse_protobuf
from otx.otlp.encode import to_json
from otx.services.receive_beside import Beside


class Printer(Beside):
    """Writes acknowledged requests as OTLP JSON."""

    def __init__(
        self, write: Callable[[str], None], *, indent: bool, on_closed: Callable[[], None]
    ) -> None:
        """Start printing.

        Args:
            write: Writes one piece of text that ends in no newline.
            indent: For people: each request over many lines.
            on_closed: Called once when nobody reads any more (a closed pipe).
        """
        self._write = write
        self._indent = indent
        self._on_closed = on_closed
        self._is_open = True
        super().__init__(self._print, "print", "what is printed is not read fast enough")

    def _print(self, request: Request) -> None:
        if not self._is_open:
            return
        message = parse_protobuf(request.signal, request.body)
        try:
            self._write(to_json(message, indent=self._indent).decode())
        except BrokenPipeError:
            self._is_open = False
            self._on_closed()
