"""`otx opamp conform`: a conformance test for anyone's server or agent."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from otx.commands.opamp import conform_options as flags
from otx.commands.opamp.options import CaOption, OutOption
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import parse_duration_ns, parse_size
from otx.output import Remarks

if TYPE_CHECKING:
    from otx.services.opamp_conform.agent_probe import AgentMeans
    from otx.services.opamp_conform.conform import Form
    from otx.services.opamp_conform.plan import Choice
    from otx.services.opamp_conform.target import Target


def conform(
    ctx: typer.Context,
    command: flags.Command = None,
    server: flags.Server = None,
    agent: flags.Agent = False,
    listen: flags.Listen = "127.0.0.1:0",
    transport: flags.Transport = "both",
    form: flags.Form = "text",
    only: flags.Only = "",
    skip: flags.Skip = "",
    strict: flags.Strict = False,
    listing: flags.Listing = False,
    timeout: flags.Timeout = "5s",
    longest: flags.Longest = "15s",
    limit: flags.Limit = "64MiB",
    header: flags.Header = None,
    ca: CaOption = None,
    assign: flags.Assign = "auto",
    operator_token_file: flags.OperatorTokenFile = None,
    config: flags.Config = None,
    failing_config: flags.FailingConfig = None,
    crashing_config: flags.CrashingConfig = None,
    sicken: flags.Sicken = "",
    out: OutOption = "-",
) -> int:
    """Test a server or an agent against every rule of OpAMP that shows from outside.

    MUST, SHOULD, MAY and what practice asks for (ROBUST) stand apart. Exits 1 when a MUST fails.
    """
    from otx.services.opamp_conform.agent_probe import AgentMeans
    from otx.services.opamp_conform.conform import Form
    from otx.services.opamp_conform.plan import TRANSPORTS, Choice

    environment: Environment = ctx.obj
    if agent == (server is not None):
        raise UsageError("what is to be tested?", hint="--server URL, or --agent [-- CMD]")
    if command and not agent:
        raise UsageError("a command starts an agent", hint="--agent -- CMD {endpoint}")
    choice = Choice(
        transports=TRANSPORTS if transport == "both" else (transport,),
        only=_numbers(only),
        skip=_numbers(skip),
        longest_s=parse_duration_ns(longest) / 1e9,
    )
    how = Form(form, out, strict)
    seconds = parse_duration_ns(timeout) / 1e9
    if server is not None:
        target = _target(environment, server, header or [], ca, parse_size(limit), seconds)
        return _server(environment, target, assign, operator_token_file, choice, how, listing)
    if listing:
        return _list_agent_rules(environment, choice)
    means = AgentMeans(
        timeout_s=seconds,
        limit=parse_size(limit),
        configs=[_read(environment, name) for name in config or []],
        failing=_read(environment, failing_config) if failing_config else None,
        crashing=_read(environment, crashing_config) if crashing_config else None,
        sicken=sicken,
    )
    return _agent(environment, command or [], listen, means, choice, how)


def _agent(
    environment: Environment,
    command: list[str],
    listen: str,
    means: "AgentMeans",
    choice: "Choice",
    how: "Form",
) -> int:
    from otx.opamp.rules import Role
    from otx.otlp.address import Address
    from otx.services.opamp_conform.agents import running_agent, started_agent
    from otx.services.opamp_conform.conform import write_results
    from otx.services.opamp_conform.launcher import Launcher, check_command

    if command:
        check_command(command)
        found = started_agent(lambda: Launcher(command), means, choice)
        return write_results(environment, found, Role.CLIENT, shlex.join(command), how)
    address = Address.parse(listen)
    say = Remarks(environment).note
    found = running_agent(address.host, address.port, say, means, choice)
    return write_results(environment, found, Role.CLIENT, "agent", how)


def _list_agent_rules(environment: Environment, choice: "Choice") -> int:
    from otx.opamp.rules import Role
    from otx.services.opamp_conform.agents import AGENT_CHECKS
    from otx.services.opamp_conform.conform import list_rules

    list_rules(environment, Role.CLIENT, AGENT_CHECKS, choice)
    return 0


def _read(environment: Environment, name: str) -> bytes:
    try:
        return (environment.cwd / Path(name).expanduser()).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None


def _server(
    environment: Environment,
    target: "Target",
    assign: str,
    token_file: str | None,
    choice: "Choice",
    how: "Form",
    listing: bool,
) -> int:
    from otx.opamp.rules import Role
    from otx.services.opamp_conform.conform import list_rules, write_results
    from otx.services.opamp_conform.drivers import CommandDriver, Driver, NoDriver, find_driver
    from otx.services.opamp_conform.fake_agent import FakeAgent
    from otx.services.opamp_conform.farewell import farewell
    from otx.services.opamp_conform.servers import SERVER_CHECKS, server_results
    from otx.services.opamp_serve.client import read_token

    if listing:
        list_rules(environment, Role.SERVER, SERVER_CHECKS, choice)
        return 0
    driver: Driver
    if assign == "auto":
        token = read_token(environment.cwd / token_file) if token_file else ""
        driver = find_driver(target.http_url, token, target.ca)
    else:
        driver = NoDriver() if assign == "none" else CommandDriver(assign)
    guests: list[FakeAgent] = []
    found = server_results(target, driver, choice, guests)
    try:
        return write_results(environment, found, Role.SERVER, target.websocket_url, how)
    finally:
        if said := farewell(driver, guests):
            Remarks(environment).note(said)


def _target(
    environment: Environment,
    url: str,
    headers: Sequence[str],
    ca: str | None,
    limit: int,
    seconds: float,
) -> "Target":
    from otx.services.opamp_conform.target import Target, split_url

    host, port, path, is_secure = split_url(url)
    pairs = [one.partition("=") for one in headers]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise UsageError(
                f"--header {name!r} is no K=V", hint="--header 'Authorization=Bearer T'"
            )
    return Target(
        host=host,
        port=port,
        path=path,
        is_secure=is_secure,
        headers={name.strip(): value.strip() for name, _, value in pairs},
        ca=environment.cwd / Path(ca).expanduser() if ca else None,
        limit=limit,
        timeout_s=seconds,
    )


def _numbers(text: str) -> list[int]:
    """The numbers of a list of numbers and ranges.

    Raises:
        UsageError: It is none.
    """
    from otx.opamp.rules import all_rules

    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.strip().isdigit() or (last and not last.strip().isdigit()):
            raise UsageError(f"{part!r} is no rule", hint="--only 2,40-49")
        numbers = range(int(first), int(last or first) + 1)
        found += [one for one in numbers if not last or one in all_rules()]
    return found
