"""Where a process starts: `--version` is answered here, before anything else is imported."""

import os
import sys


def main() -> None:
    """Run the command line of this process and end it with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from otx import __version__

        os.write(1, f"otx {__version__}\n".encode())
        return
    from otx.cli import run  # 25 ms

    raise SystemExit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
