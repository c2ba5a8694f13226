"""Whether the input has any record that a plan looks at."""

from otx.model.signal import Signal
from otx.ottl.batch import WALKS, Batch
from otx.ottl.plan import SIGNAL_OF_CONTEXT, Plan
from otx.ottl.program import CompiledCondition, CompiledStatement
from otx.ottl.watched import Site, Watcher, watched


class AskedContexts:
    """The contexts of a plan, until a record of one of them has come by."""

    def __init__(self, plan: Plan) -> None:
        names = _Names()
        watched(plan, names)
        self._waiting = list(names.found)

    def see(self, batch: Batch) -> None:
        """Look for records in a request."""
        fitting = (name for name in self._waiting if _fits(name, batch.signal))
        if any(next(WALKS[name](batch), None) is not None for name in fitting):
            self._waiting = []

    def remark(self) -> str:
        """That there was none, for people; "" where there was, or nothing asks for any."""
        if not self._waiting:
            return ""
        several = "s" if len(self._waiting) > 1 else ""
        names = ", ".join(self._waiting)
        return f"no record of the context{several} {names} is in the input: nothing was run"


def _fits(name: str, signal: Signal) -> bool:
    return SIGNAL_OF_CONTEXT.get(name, signal) is signal


class _Names(Watcher):
    """Takes down the contexts of a plan, each once."""

    def __init__(self) -> None:
        self.found: dict[str, None] = {}

    def statement(self, site: Site, statement: CompiledStatement) -> CompiledStatement:
        self.found[site.context.name] = None
        return statement

    def condition(self, site: Site, condition: CompiledCondition) -> CompiledCondition:
        self.found[site.context.name] = None
        return condition
