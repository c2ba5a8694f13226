"""Where a process starts: `--version` is answered here, before anything else is imported."""

import gc
import os
import sys

GC_THRESHOLD = 100_000
"""What is loaded at the start stays: looking through it for garbage again and again, as Python does
every 700 objects, would take a tenth of a short command and a fifth of a large document."""

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED` of a time when `otx.errors` may not be there yet."""


def main() -> None:
    """Run the command line of this process and end it with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from otx import __version__

        try:
            os.write(1, f"otx {__version__}\n".encode())
        except OSError:
            pass  # it is told below, as any command's
        else:
            return
    gc.set_threshold(GC_THRESHOLD, *gc.get_threshold()[1:])
    try:
        from otx.cli import run  # 25 ms
    except KeyboardInterrupt:
        raise SystemExit(_INTERRUPTED) from None

    code = run(sys.argv[1:])
    gc.freeze()  # the interpreter's end would look through everything once more, for 15 ms
    raise SystemExit(code)


if __name__ == "__main__":
    main()
