"""Counts what a receiver's rules do, and tells the first failure of each statement."""

import threading
from collections.abc import Callable
from dataclasses import replace

from otx.otlp.decode import Request
from otx.ottl.describe import Numbers, describe
from otx.ottl.processors.drops import Drops
from otx.ottl.program import Failure, Outcome
from otx.services.receive_tally import short_text
from otx.services.transform_report import RuleName, TransformReport
from otx.services.transform_rules import Rules

MAX_KINDS = 1000
"""Rules and statements that are told apart; a file may be read again with others in it."""
OTHER_RULES = RuleName("other rules", "", "records")
OTHER_STATEMENTS = "other statements"


class TransformTally:
    """Counts from any thread."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        """Begin to count.

        Args:
            warn: Warns the user.
        """
        self._warn = warn
        self._lock = threading.Lock()
        self._report = TransformReport()

    def report(self) -> TransformReport:
        """What was counted so far."""
        with self._lock:
            return self._report.copy()

    def hold(self, rules: Rules) -> None:
        """Count for these rules from now on; one that never drops anything is told as well."""
        with self._lock:
            self._report = replace(self._report, file=rules.file)
            for rule in rules.names.values():
                self._count(rule, 0, 0)

    def transformed(
        self, rules: Rules, request: Request, kept: Request | None, drops: Drops, cpu_ns: int
    ) -> None:
        """Count a request that the rules ran on to the end.

        Args:
            rules: Those that did.
            request: As it came.
            kept: What is left of it.
            drops: What was dropped by each rule.
            cpu_ns: CPU time that all requests together took so far.
        """
        with self._lock:
            report = self._report = replace(self._report, cpu_ns=cpu_ns)
            report.came[request.signal] += request.records
            report.kept[request.signal] += kept.records if kept else 0
            if kept is None:
                self._report = replace(report, emptied=report.emptied + 1)
            for name, let_through in drops.kept_by_rule.items():
                self._count(rules.names[name], drops.by_rule[name], let_through)

    def failed(self, outcome: Outcome, numbers: Numbers) -> None:
        """Count the failures on a request; the first of a statement is told, unless silenced."""
        for (text, mode), number in outcome.by_text.items():
            statement = short_text(" ".join(text.split()))
            with self._lock:
                failures = self._report.failures
                is_new = statement not in failures
                if is_new and len(failures) >= MAX_KINDS:
                    is_new, statement = False, OTHER_STATEMENTS
                failures[statement] += number
            first = next((one for one in outcome.failures if one.text == text), None)
            if is_new and first is not None and mode == "ignore":
                self._warn(failure_text(first, numbers))

    def _count(self, rule: RuleName, dropped: int, kept: int) -> None:
        report = self._report
        if rule not in report.dropped_by and len(report.dropped_by) >= MAX_KINDS:
            rule = OTHER_RULES
        report.dropped_by[rule] += dropped
        report.kept_by[rule] += kept


def failure_text(failure: Failure, numbers: Numbers) -> str:
    """A failure for people: which statement, on which record, and why."""
    statement = short_text(" ".join(failure.text.split()))
    return (
        f"{statement} failed on {describe(failure.record, numbers)}: {short_text(failure.reason)}"
    )
