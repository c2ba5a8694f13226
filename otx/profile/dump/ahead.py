"""A call that is under way on a thread of its own, while this one does something else.

For what waits outside of Python, as libbpf does: it then holds no lock of the interpreter's.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Ahead(Generic[Result]):
    """Begins a call when it is made."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether the call has returned or failed."""
        return not self._thread.is_alive()

    def result(self) -> Result:
        """What the call returns, once it does; what it raises is raised here."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # it is for who asks for the result
            self._error = error
