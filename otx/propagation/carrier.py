"""The headers of one request, found by name as HTTP and the environment spell them."""

from collections.abc import Collection, Iterable

from otx.propagation.model import Field

WHITESPACE = " \t"


class Carrier:
    """Header fields in the order in which they came, by canonical name.

    Attributes:
        fields: All of them.
    """

    __slots__ = ("_by_name", "fields")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.fields: list[Field] = []
        self._by_name: dict[str, list[Field]] = {}
        for name, value in pairs:
            one = Field(name, value.strip(WHITESPACE))
            self.fields.append(one)
            self._by_name.setdefault(canonical(name), []).append(one)

    @property
    def names(self) -> Collection[str]:
        """The canonical names."""
        return self._by_name

    def all(self, name: str) -> list[Field]:
        """Every field of a canonical name."""
        return self._by_name.get(name, [])

    def first(self, name: str) -> Field | None:
        """The first field of a canonical name."""
        found = self._by_name.get(name)
        return found[0] if found else None

    def prefixed(self, prefix: str) -> list[tuple[str, Field]]:
        """The fields whose canonical name begins so, each with the rest of its name as spelt."""
        return [
            (name[len(prefix) :] if is_variable(one.name) else one.name[len(prefix) :], one)
            for name, found in self._by_name.items()
            if name.startswith(prefix)
            for one in found
        ]


def canonical(name: str) -> str:
    """The name in lower case; that of an environment variable with hyphens instead of underscores.

    The environment cannot spell a hyphen (OpenTelemetry, environment variables as a carrier): upper
    case and an underscore are its sign. AWS Lambda puts one more in front: `_X_AMZN_TRACE_ID`.
    """
    if is_variable(name):
        return name.lower().replace("_", "-").lstrip("-")
    return name.lower()


def is_variable(name: str) -> bool:
    """Whether a name can only be that of an environment variable."""
    return "_" in name and "-" not in name and name == name.upper()
