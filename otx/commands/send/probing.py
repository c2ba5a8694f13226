"""`--probe`: what works and what does not, and why."""

from typing import TYPE_CHECKING

from otx.commands.send.destination import destination
from otx.commands.send.options import Taken
from otx.environment import Environment
from otx.errors import ExitCode
from otx.model.signal import Signal
from otx.model.units import format_duration
from otx.output import Output

if TYPE_CHECKING:
    from otx.otlp.exporter.endpoint import Endpoint, Protocol
    from otx.services.send_probe import Tried


def try_all(environment: Environment, signal: Signal, taken: Taken) -> int:
    """Try every signal on every transport; 3 where the command's own signal works on none.

    With `--protocol` that transport alone is tried.
    """
    from otx.otlp.exporter.endpoint import PROTOCOLS
    from otx.services.send_probe import COLUMNS, probe

    chosen = taken["protocol"]
    protocols = tuple(it for it in PROTOCOLS if chosen in (None, it))
    where = destination(environment, signal, taken)

    def endpoint_of(signal: Signal, protocol: "Protocol") -> "Endpoint":
        return destination(
            environment, signal, {**taken, "protocol": protocol}, warns=False
        ).endpoint

    results = list(
        probe(endpoint_of, protocols, where.compression, where.timeout_s, environment.variables)
    )
    output = Output(environment, taken["out"])
    if taken["form"] == "json":
        output.rows(COLUMNS, [one.row() for one in results], "json")
    else:
        _tell(output, results)
    works = any(one.is_accepted for one in results if one.signal is signal)
    return ExitCode.DONE if works else ExitCode.PEER


def _tell(output: Output, results: "list[Tried]") -> None:
    rows = [
        {
            "signal": one.signal,
            "protocol": one.endpoint.protocol,
            "where": one.endpoint.target,
            "answer": f"accepted in {format_duration(one.took_ns)}"
            if one.is_accepted
            else one.diagnosis.cause.replace("_", " "),
        }
        for one in results
    ]
    seen: dict[str, str] = {}
    for one in results:
        if not one.is_accepted:
            seen.setdefault(one.diagnosis.text, one.diagnosis.hint)
    lines = []
    for text, hint in seen.items():
        lines += [text, f"  hint: {hint}"] if hint else [text]
    output.tables([(tuple(rows[0]), rows)], lines)
