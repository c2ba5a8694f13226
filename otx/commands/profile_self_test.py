"""`otx profile --self-test`: what sampling costs on this machine, and what the machine has."""

from otx.environment import Environment
from otx.errors import ExitCode, MachineError, UsageError
from otx.model.units import NS_PER_S
from otx.output import Output, Remarks
from otx.system.stop import StopSignal

_DEFAULT_S = 30.0


def run(
    environment: Environment,
    frequency_hz: int,
    duration_ns: int | None,
    form: str | None,
    out: str,
    max_overhead: float,
) -> int:
    """Print the report; 0 where the claim is below the bound, 1 where not, 5 without rights.

    Raises:
        UsageError: The form is neither text nor json.
    """
    from otx.services.self_test import run_self_test
    from otx.services.self_test_report import (
        CAPABILITY_COLUMNS,
        EXPERIMENT_COLUMNS,
        capability_rows,
        experiment_rows,
        report_document,
        report_lines,
    )
    from otx.system.capabilities import probe_capabilities

    if form not in (None, "text", "json"):
        raise UsageError(f"the self-test has no form {form}", hint="--format text or json")
    probes, test, refused = probe_capabilities(), None, None
    duration_s = _DEFAULT_S if duration_ns is None else duration_ns / NS_PER_S
    if environment.stderr_is_terminal:
        Remarks(environment).note(f"measuring for {duration_s:.0f} s")
    with StopSignal() as stop:
        try:
            test = run_self_test(
                frequency_hz,
                duration_s,
                environment.cache_dir,
                lambda: stop.is_set,
            )
        except MachineError as error:
            refused = error
    output = Output(environment, out)
    if form == "json":
        output.document(report_document(test, probes, refused.message if refused else ""))
    else:
        rows = [] if test is None else experiment_rows(test)
        lines = [] if test is None else list(report_lines(test))
        output.tables(
            [(CAPABILITY_COLUMNS, capability_rows(probes)), (EXPERIMENT_COLUMNS, rows)], lines
        )
    if refused is not None or test is None:
        Remarks(environment).error(refused or MachineError("this machine won't"))
        return ExitCode.MACHINE
    bound = test.bound
    return ExitCode.DONE if bound is not None and bound <= max_overhead else ExitCode.NO
