"""Test files run again whenever one of them, or a file that they name, changes."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.output import Remarks
from otx.services.ottl_test import Session, TestOptions, find_test_files
from otx.services.watching import Mark, Wait, mark, wait_for_change

_CLEAR = "\x1b[H\x1b[2J"


def watch(environment: Environment, options: TestOptions) -> int:
    """Run until a person ends it; the exit code.

    Raises:
        UsageError: Something is asked for that makes no sense again and again.
    """
    if options.update or options.form != "text":
        what = "--update" if options.update else f"--format {options.form}"
        raise UsageError(f"--watch and {what} exclude each other")
    from otx.system.stop import StopSignal

    with StopSignal() as stop:
        watch_until(environment, options, stop.wait)
    return ExitCode.DONE


def watch_until(environment: Environment, options: TestOptions, wait: Wait) -> None:
    """Run, and again after each change, until waiting is ended.

    Args:
        environment: The world.
        options: What to run.
        wait: How to wait between two looks; true ends it.
    """
    while True:
        before = _run_once(environment, options)
        if not wait_for_change(before, partial(_marks, environment, options, before), wait):
            return


def _run_once(environment: Environment, options: TestOptions) -> dict[Path, Mark]:
    """Run, and the marks of what has to change for another run."""
    remarks = Remarks(environment)
    if environment.stdout_is_terminal and options.out == "-":
        environment.stdout.write(_CLEAR)
    session = Session(environment, options)
    try:
        session.run()
    except UsageError as error:
        remarks.error(error)
    files = len(session.marks)
    remarks.note(f"watching {files} {'file' if files == 1 else 'files'}; Ctrl-C ends")
    # Those of a file that was read are older than its reading, so that no change is lost.
    return {**_marks(environment, options, session.marks), **session.marks}


def _marks(
    environment: Environment, options: TestOptions, known: Mapping[Path, Mark]
) -> dict[Path, Mark]:
    """The marks of the files that were read, and of test files that are new."""
    paths = {*known, *(environment.cwd / name for name in options.names)}
    try:
        names = find_test_files(environment.cwd, options.names)
    except UsageError:
        names = []
    paths |= {environment.cwd / name for name in names}
    return {path: mark(path) for path in sorted(paths) if not path.is_dir()}
