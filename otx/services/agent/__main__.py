"""The lean process of an agent: `otx agent run` checks its arguments and becomes this one.

The command line's libraries would cost an agent 20 MB for nothing, so they stay behind.
"""

import asyncio
import os
import sys
import traceback

from otx.errors import ExitCode, OtxError
from otx.output import write_last_words
from otx.services.agent.agent import Agent
from otx.services.agent.lock import hold_lock
from otx.services.agent.options import AgentOptions


def main() -> int:
    """Run the agent whose options are in the file of this number."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        options = AgentOptions.from_json(file.read().decode())
    try:
        lock = hold_lock(options.state_folder)
        try:
            asyncio.run(_run(options))
        finally:
            lock.release()
    except OtxError as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        write_last_words(f"otx: error: {error.message}{hint}\n")
        return error.code
    except OSError as error:
        write_last_words(f"otx: error: {error.filename or 'the agent'}: {error.strerror}\n")
        return ExitCode.MACHINE
    except Exception:  # the last place where a fault can be told
        write_last_words(f"otx: error: a fault of otx\n{traceback.format_exc()}")
        return ExitCode.FAULT
    return ExitCode.DONE


async def _run(options: AgentOptions) -> None:
    await Agent(options, os.environ).run()


if __name__ == "__main__":
    raise SystemExit(main())
