"""The resource that variables describe (OpenTelemetry, "Resource SDK" and its variables)."""

from collections.abc import Mapping
from urllib.parse import unquote

_SERVICE_NAME = "service.name"


def resource_attributes(variables: Mapping[str, str], executable: str) -> dict[str, str]:
    """Attributes of `OTEL_RESOURCE_ATTRIBUTES`, and a service name in any case.

    Args:
        variables: The environment; OTEL_SERVICE_NAME beats the other variable.
        executable: What the service is called by where nothing names it.
    """
    found = {_SERVICE_NAME: f"unknown_service:{executable}"}
    for part in variables.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, equals, value = part.partition("=")
        if equals and key.strip():
            found[unquote(key.strip())] = unquote(value.strip())
    if name := variables.get("OTEL_SERVICE_NAME", "").strip():
        found[_SERVICE_NAME] = name
    return found
