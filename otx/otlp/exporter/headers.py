"""Headers that a user may name: what HTTP and gRPC allow in them."""

import re
from collections.abc import Mapping

from otx.errors import UsageError

_HTTP_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
"""A token (RFC 9110, 5.6.2), in lower case."""
_HTTP_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
"""RFC 9110, 5.5."""
_GRPC_NAME = re.compile(r"[0-9a-z_.-]+")
_GRPC_VALUE = re.compile(r"[\x20-\x7e]*")
"""gRPC over HTTP/2, "Custom-Metadata"."""
_BINARY = "-bin"


def check_headers(headers: Mapping[str, str], *, is_grpc: bool) -> None:
    """Refuse what cannot travel; values are not shown, they may be secret.

    Args:
        headers: Values by names in lower case.
        is_grpc: Whether they are metadata.

    Raises:
        UsageError: A name or a value has characters that are not allowed.
    """
    name_form, value_form = (_GRPC_NAME, _GRPC_VALUE) if is_grpc else (_HTTP_NAME, _HTTP_VALUE)
    for name, value in headers.items():
        if not name_form.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a header", hint="letters, digits, - . _")
        if not value_form.fullmatch(value):
            allowed = "ASCII" if is_grpc else "Latin-1"
            raise UsageError(
                f"the value of header {name!r} has characters that may not be in it",
                hint=f"{allowed} without line ends; percent-encode the rest, where that is known",
            )
        if is_grpc and name.endswith(_BINARY):
            raise UsageError(f"{name!r} would be binary metadata, which cannot be given as text")
