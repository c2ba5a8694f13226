"""What a live peer does otherwise than the recorded one, field by field.

What must differ is left out: uids, the server's own address, hashes that it makes, times and
sequence numbers; texts for people are not compared. Bodies are compared and never shown.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from otx.opamp.document import is_secret_name, message_document
from otx.opamp.story_parts import quoted

_HASH = re.compile(r"hash$")
_LEFT_OUT = re.compile(
    r"^(instance_uid|sequence_num|agent_identification\.new_instance_uid)$"
    r"|^connection_settings\.opamp\.destination_endpoint$"  # where that very server is reached
    r"|time_unix_nano$|error_message$|last_error$|retry_after_nanoseconds$"
    r"|identifying_attributes\.service\.instance\.id$|bytes_per_second$|download_percent$"
)
_SECRET = re.compile(
    r"(^|\.)(body|data|csr|cert|private_key|ca_cert|ca_pem_contents|signature|value|headers"
    r"|connect_headers|other_settings|url|download_url|destination_endpoint)(\.|$)"
)
_THERE = "there"
"""Stands for a value that is not compared, only whether there is one."""


def differences(recorded: Message, live: Message, has_own_hashes: bool = True) -> list[str]:
    """Where the live message says something else, a line for each field.

    Args:
        recorded: What stands on the record.
        live: What is said in its place.
        has_own_hashes: Whether hashes may differ, because the live server makes its own.
    """
    was = dict(_leaves(recorded, has_own_hashes))
    is_now = dict(_leaves(live, has_own_hashes))
    found = []
    for path in sorted({*was, *is_now}):
        old, new = was.get(path), is_now.get(path)
        if old == new:
            continue
        if new is None:
            found.append(f"{path} is missing")
        elif old is None:
            found.append(f"{path} is there, and not on the record{_value(path, new)}")
        else:
            found.append(f"{path} differs{_value(path, new, old)}")
    return found


def _leaves(message: Message, has_own_hashes: bool) -> Iterator[tuple[str, Any]]:
    waiting: list[tuple[str, Any]] = [("", message_document(message, show_secrets=True))]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            if path and not value:
                yield path, _THERE
            waiting.extend(
                (f"{path}.{quoted(str(key))}" if path else str(key), one)
                for key, one in value.items()
            )
        else:
            is_left = _LEFT_OUT.search(path) or (has_own_hashes and _HASH.search(path))
            yield path, _THERE if is_left else value


def _value(path: str, new: Any, old: Any = None) -> str:
    if _SECRET.search(path) or is_secret_name(path) or new == _THERE:
        return ""
    if old is None:
        return f": {quoted(str(new))}"
    return f": {quoted(str(new))}, recorded {quoted(str(old))}"
