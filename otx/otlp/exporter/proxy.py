"""Which proxy a URL is reached through: the variables that curl reads, by curl's rules.

`http_proxy` counts in lower case only, because a CGI server sets HTTP_PROXY from a header of the
request that it serves.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(url: str, variables: Mapping[str, str]) -> tuple[str, str]:
    """The proxy's URL and the variable that names it; two empty texts for none."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return "", ""
    if _is_exempt(parts.hostname or "", variables):
        return "", ""
    for name in _names(parts.scheme):
        if value := variables.get(name, "").strip():
            return (value if "://" in value else f"http://{value}"), name
    return "", ""


def _names(scheme: str) -> tuple[str, ...]:
    own = ("https_proxy", "HTTPS_PROXY") if scheme == "https" else ("http_proxy",)
    return (*own, "all_proxy", "ALL_PROXY")


def _is_exempt(host: str, variables: Mapping[str, str]) -> bool:
    """Whether `no_proxy` names a host or a domain above it; `*` is all of them."""
    exempt = variables.get("no_proxy") or variables.get("NO_PROXY") or ""
    for entry in exempt.replace(" ", "").lower().split(","):
        name = entry.lstrip(".")
        if entry == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False
