"""`otx agent reload`: read the local file again."""

from typing import Annotated

import typer

from otx.commands.agent import options as flags
from otx.errors import ExitCode, OtxError, UsageError
from otx.model.units import parse_duration_ns
from otx.output import Remarks


def reload(
    ctx: typer.Context,
    state: flags.State = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for what becomes of it.")
    ] = True,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="How long to wait.")] = "60s",
) -> None:
    """Have the running agent read its local file again, and open its log anew.

    It ends with 0 when what the file says runs and was well for the health window, with 2 when the
    file cannot be used, and with 1 when its process did not stay up. What ran before runs then.
    """
    from otx.services.agent.control import reload as reload_agent
    from otx.services.agent.reload import Outcome

    timeout_s = parse_duration_ns(timeout) / 1e9 if wait else None
    pid, found = reload_agent(flags.state_folder(ctx.obj, state), timeout_s)
    remarks = Remarks(ctx.obj)
    if not found:
        remarks.note(f"process {pid} was told to read its configuration again")
        return
    if found["outcome"] == Outcome.REFUSED.value:
        raise UsageError(f"the local file is refused: {found['reason']}", hint=found["goes_on"])
    if found["outcome"] == Outcome.FAILED.value:
        first_line = found["reason"].partition("\n")[0]
        raise OtxError(
            f"the local file does not stay up: {first_line}",
            hint=found["goes_on"],
            code=ExitCode.NO,
        )
    is_same = found["outcome"] == Outcome.UNCHANGED.value
    remarks.note("it comes to what runs already" if is_same else "the local file runs")
