"""`otx opamp key`: the key pair that configurations are signed and verified with."""

from pathlib import Path
from typing import Annotated

import typer

from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks


def key(
    ctx: typer.Context,
    out: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Where the private key goes (opamp-signing.key in the state directory).",
        ),
    ] = None,
    public: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Print the public half of this private key, no more."),
    ] = None,
) -> None:
    """Make a key to sign configurations with; print its public half for `otx agent run --trust`.

    The private key is readable by its owner alone, and a file that is there is never replaced.
    """
    from otx.opamp.signing import key_name, public_pem
    from otx.services.opamp_push.keys import make_key_file, read_key_file

    environment: Environment = ctx.obj
    remarks = Remarks(environment)
    if public is not None:
        if out is not None:
            raise UsageError("-o makes a key and --public reads one", hint="give one of them")
        made = read_key_file(_place(environment, public), remarks.warning)
    elif out == "-":
        raise UsageError("a private key is kept in a file, not printed", hint="-o FILE")
    else:
        path = _place(environment, out) if out else environment.state_dir / "opamp-signing.key"
        made = make_key_file(path)
        remarks.note(
            f"the private key is in {path}: `otx opamp push --sign` and `sign --key` take it"
        )
    remarks.note(f"key {key_name(made)}; agents take its public half: `otx agent run --trust FILE`")
    Output(environment).text(public_pem(made))


def _place(environment: Environment, text: str) -> Path:
    return environment.cwd / Path(text).expanduser()
