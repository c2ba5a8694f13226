"""Test files of OTTL: found, run, updated, watched, and their results written."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Literal, TypeAlias

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.ottl.unit_tests.coverage import Covered, coverage
from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import TestFile, read_test_file
from otx.ottl.unit_tests.results import FileResult, TestResult, run_tests
from otx.output import Output, Painter
from otx.services.watching import Mark, mark

TestForm: TypeAlias = Literal["text", "json", "junit"]

ENDINGS = (".test.yaml", ".test.yml", ".ottl-test.yaml", ".ottl-test.yml")
"""What the names of test files end in where a folder is given."""


@dataclass(frozen=True, slots=True)
class TestOptions:
    """What is asked for.

    Attributes:
        names: Files and folders.
        gates: Feature gates to switch, beside those that files name.
    """

    __test__ = False

    names: Sequence[str]
    update: bool = False
    coverage: bool = False
    watch: bool = False
    form: TestForm = "text"
    gates: str = ""
    allows_extensions: bool = True
    out: str = "-"


def run_test_files(environment: Environment, options: TestOptions) -> int:
    """Run test files once and write their results, or again and again; the exit code.

    Raises:
        UsageError: There is no such file or folder, or no test file in it.
    """
    if not options.watch:
        return Session(environment, options).run()
    if options.update or options.form != "text":
        what = "--update" if options.update else f"--format {options.form}"
        raise UsageError(f"--watch and {what} exclude each other")
    from otx.services.ottl_test_watch import watch

    return watch(environment, options)


def find_test_files(cwd: Path, names: Sequence[str]) -> list[str]:
    """The test files that names stand for, each once, as people would call them.

    Raises:
        UsageError: There is no such file or folder, or no test file in it.
    """
    found: dict[str, None] = {}
    for name in names:
        place = cwd / name
        if place.is_dir():
            below = sorted(_below(place))
            if not below:
                hint = f"their names end in {' or '.join(ENDINGS[::2])}"
                raise UsageError(f"there is no test file in {name}", hint=hint)
            found.update(dict.fromkeys(str(PurePath(name, one)) for one in below))
        elif place.exists():
            found[str(PurePath(name))] = None
        else:
            raise UsageError(f"there is no file or folder {name}")
    return list(found)


def _below(folder: Path) -> Iterator[str]:
    """The test files in a folder; hidden folders are left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in files:
            if name.endswith(ENDINGS):
                yield str(Path(place, name).relative_to(folder))


class Session:
    """One pass over test files.

    Attributes:
        marks: The files that were read, as they were when they were.
    """

    def __init__(self, environment: Environment, options: TestOptions) -> None:
        self._environment = environment
        self._options = options
        self.marks: dict[Path, Mark] = {}

    def run(self) -> int:
        """Run all files and write the results; the exit code.

        Raises:
            UsageError: There is nothing to run.
        """
        names = find_test_files(self._environment.cwd, self._options.names)
        output = Output(self._environment, self._options.out)
        if self._options.form == "text":
            results = self._write_text(names, output)
        else:
            results = [self._file(name) for name in names]
            self._write_whole(results, output)
        if any(result.error is not None for result in results):
            return ExitCode.USAGE
        return ExitCode.DONE if all(one.passed for r in results for one in r.tests) else ExitCode.NO

    def _write_text(self, names: Sequence[str], output: Output) -> list[FileResult]:
        """Each file's results as they come."""
        from otx.ottl.unit_tests.text_report import coverage_lines, file_lines, summary_line

        results: list[FileResult] = []
        with output.stream() as stream:
            painter = Painter(wants_colour=self._environment.wants_colour(stream))
            for name in names:
                results.append(self._file(name))
                stream.writelines(f"{line}\n" for line in file_lines(results[-1], painter))
            stream.write("\n")
            covered = _covered(results) if self._options.coverage else []
            if covered:
                lines = coverage_lines(covered, painter)
                stream.writelines(f"{line}\n" for line in lines)
                stream.write("\n")
            stream.write(summary_line(results, painter) + "\n")
        return results

    def _write_whole(self, results: Sequence[FileResult], output: Output) -> None:
        if self._options.form == "json":
            from otx.ottl.unit_tests.json_report import document

            covered = _covered(results) if self._options.coverage else None
            output.document(document(results, covered))
            return
        from otx.ottl.unit_tests.junit_report import junit_xml

        output.text(junit_xml(results))

    def _file(self, name: str) -> FileResult:
        try:
            file = self._parsed(name, self._text(name))
            results = run_tests(file, self._environment.clock)
            if self._options.update and not all(one.passed for one in results):
                return self._updated(name, file, results)
        except UsageError as error:
            return FileResult(name, error=error)
        return FileResult(name, file, results)

    def _parsed(self, name: str, source: str) -> TestFile:
        """A test file, read and checked.

        Raises:
            UsageError: It cannot be used.
        """
        return read_test_file(
            source,
            name,
            lambda other: self._opened(os.path.normpath(PurePath(name).parent / other)),
            self._environment.variables,
            self._options.gates,
            allows_extensions=self._options.allows_extensions,
        )

    def _text(self, name: str) -> str:
        try:
            return self._opened(name).content.decode()
        except OSError as error:
            raise UsageError(f"cannot read {name}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise UsageError(f"{name} is no UTF-8: byte {error.start}") from None

    def _opened(self, name: str) -> OpenedFile:
        path = self._environment.cwd / name
        # Before it is read: what is written afterwards is a change.
        self.marks[path] = mark(path)
        return OpenedFile(name, path.read_bytes())

    def _updated(self, name: str, file: TestFile, results: Sequence[TestResult]) -> FileResult:
        """A file after its failing tests were made to expect what came."""
        from otx.ottl.unit_tests.updating import updated_source

        update = updated_source(file, results)
        if update.source != file.source:
            # Read before it is written: a file that can be used stays one.
            file = self._parsed(name, update.source)
            _replace(self._environment.cwd / name, update.source)
            results = run_tests(file, self._environment.clock)
        return FileResult(name, file, results, updated=update.names, remarks=update.remarks)


def _covered(results: Sequence[FileResult]) -> list[Covered]:
    return coverage(result.file for result in results if result.file is not None)


def _replace(path: Path, source: str) -> None:
    """Write a file as a whole or not at all; where it is a link, what it leads to."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.write_bytes(source.encode())
        beside.chmod(target.stat().st_mode)
        beside.replace(target)
    except OSError as error:
        raise UsageError(f"cannot write {path.name}: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()
