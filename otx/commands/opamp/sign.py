"""`otx opamp sign`: sign a configuration where the key is; `otx opamp push` takes the result."""

from typing import Annotated

import typer

from otx.commands.opamp.options import OutOption, signing_keys
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Output, Remarks


def sign(
    ctx: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=]FILE…",
            help="The configuration; - is stdin. What is signed gets another signature.",
        ),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="FILE", help="The private key (`otx opamp key`); repeatable."
        ),
    ] = None,
    content_type: Annotated[
        str | None, typer.Option(metavar="TYPE", help="Its type (from the file's ending).")
    ] = None,
    out: OutOption = "-",
) -> None:
    """Sign a configuration where the private key is, for `otx opamp push` anywhere else."""
    from otx.opamp.signing import signatures
    from otx.services.opamp_push.objects import read_parcel, sign_parcel

    environment: Environment = ctx.obj
    if not files:
        raise UsageError("which configuration is to be signed?", hint="otx opamp sign FILE --key K")
    if not keys:
        raise UsageError("which key is to sign it?", hint="--key FILE; `otx opamp key` makes one")
    parcel = read_parcel(environment, files, content_type)
    sign_parcel(parcel, signing_keys(environment, keys))
    Output(environment, out).document(parcel.document())
    names = ", ".join(name for name, _ in signatures(parcel.config))
    Remarks(environment).note(f"{parcel.name} is signed by key {names}")
