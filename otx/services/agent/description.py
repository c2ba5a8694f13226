"""Who an agent is, for the server: identifying attributes, and what helps people to find it."""

import os
import platform
import socket
from collections.abc import Mapping, Sequence

from otx import __version__
from otx.opamp.instance_uid import InstanceUid, uid_text
from otx.opamp.opamp_pb2 import AgentDescription
from otx.opamp.signing import TRUST_LABEL, PublicKey


def describe(
    uid: InstanceUid,
    name: str,
    version: str,
    attributes: Mapping[str, str],
    trusted: Sequence[PublicKey] = (),
) -> AgentDescription:
    """The description of an agent.

    Args:
        name: The service's; that of the supervised command where there is one.
        attributes: The user's own, which replace those found here.
        trusted: Keys that configurations must be signed with: an operator sees it before a push.
    """
    identifying = {
        "service.name": attributes.get("service.name", name),
        "service.version": attributes.get("service.version", version),
        "service.instance.id": uid_text(uid),
    }
    if "service.namespace" in attributes:
        identifying["service.namespace"] = attributes["service.namespace"]
    others = {
        "os.type": "linux",
        "os.description": _os_name(),
        "host.name": socket.gethostname(),
        "host.arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(
            platform.machine(), platform.machine()
        ),
        "process.pid": str(os.getpid()),
        "otx.version": __version__,
    }
    others |= {key: value for key, value in attributes.items() if key not in identifying}
    if trusted:
        others[TRUST_LABEL] = " ".join(key.name for key in trusted)
    description = AgentDescription()
    for key, value in identifying.items():
        if value:
            description.identifying_attributes.add(key=key).value.string_value = value
    for key, value in sorted(others.items()):
        entry = description.non_identifying_attributes.add(key=key)
        if key == "process.pid":
            entry.value.int_value = os.getpid()
        else:
            entry.value.string_value = value
    return description


def _os_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return "Linux"
