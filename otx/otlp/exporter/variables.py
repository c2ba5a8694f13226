"""What `OTEL_EXPORTER_OTLP_*` says of a signal: its own variable, then the general one.

The rules are those of the OpenTelemetry specification ("OpenTelemetry Protocol Exporter",
"Environment Variable Specification"): an empty variable is unset; a value that is none of the known
ones is warned about and ignored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from otx.model.signal import Signal

PREFIX = "OTEL_EXPORTER_OTLP_"
COMPRESSIONS = ("none", "gzip", "zstd")
DEFAULT_TIMEOUT_S = 10.0
_MS_PER_S = 1000
_BOOLEANS = {"true": True, "false": False}


@dataclass(slots=True)
class Variables:
    """The variables of one signal, and what was wrong with those that were asked for.

    Attributes:
        warnings: One line for each value that was ignored.
    """

    signal: Signal
    variables: Mapping[str, str]
    warnings: list[str] = field(default_factory=list)

    def first(self, name: str) -> tuple[str, str]:
        """The stronger value and the variable that gave it; "" and `default` for none."""
        for variable in (f"{PREFIX}{self.signal.name}_{name}", PREFIX + name):
            if value := self.variables.get(variable, "").strip():
                return value, variable
        return "", "default"

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """The value of a variable that has to be one of some; "" where it is none of them."""
        value, variable = self.first(name)
        if not value or value.lower() in known:
            return value.lower()
        self._ignore(variable, value, f"it is none of {', '.join(known)}")
        return ""

    def flag(self, name: str) -> bool | None:
        """The value of a Boolean; None where it is unset. Anything but `true` is false."""
        value, variable = self.first(name)
        if not value:
            return None
        if value.lower() not in _BOOLEANS:
            self.warnings.append(f"{variable} is {value!r}, neither true nor false: taken as false")
        return value.lower() == "true"

    def timeout_s(self) -> float:
        """Seconds that one request may take; the variable has whole milliseconds."""
        value, variable = self.first("TIMEOUT")
        if not value:
            return DEFAULT_TIMEOUT_S
        if not value.isdecimal() or int(value) == 0:
            self._ignore(variable, value, "it has to be milliseconds above 0")
            return DEFAULT_TIMEOUT_S
        return int(value) / _MS_PER_S

    def headers(self) -> dict[str, str]:
        """Names in lower case and values of `k1=v1,k2=v2`, the values percent-decoded."""
        text, variable = self.first("HEADERS")
        found: dict[str, str] = {}
        for part in filter(str.strip, text.split(",")):
            name, equals, value = part.partition("=")
            if equals and name.strip():
                found[name.strip().lower()] = unquote(value.strip())
            else:
                self._ignore(variable, part.strip(), "a header is written NAME=VALUE")
        return found

    def _ignore(self, variable: str, value: str, why: str) -> None:
        self.warnings.append(f"{variable} is {value!r} and ignored: {why}")
