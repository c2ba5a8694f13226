"""Rules that one message keeps or breaks by itself, given what its receiver can do.

Each finding is the number of a rule (`otx.opamp.rules`) and the evidence in a few words; neither
holds anything secret, since bodies, headers and keys are never quoted.
"""

from collections.abc import Iterator

from otx.opamp.capabilities import (
    OFFER_NEEDS,
    REPORT_NEEDS,
    SETTINGS_NEED,
    AgentCapability,
)
from otx.opamp.instance_uid import SIZE
from otx.opamp.opamp_pb2 import (
    AgentToServer,
    PackageStatus,
    PackageStatusEnum,
    ServerErrorResponseType,
    ServerToAgent,
)

Finding = tuple[int, str]

_NO_ERROR = {
    PackageStatusEnum.PackageStatusEnum_Installed,
    PackageStatusEnum.PackageStatusEnum_Installing,
    PackageStatusEnum.PackageStatusEnum_Downloading,
}
_OFFERED = {
    PackageStatusEnum.PackageStatusEnum_Installing,
    PackageStatusEnum.PackageStatusEnum_Downloading,
    PackageStatusEnum.PackageStatusEnum_InstallFailed,
}
_PAYLOAD = (
    "remote_config",
    "connection_settings",
    "packages_available",
    "flags",
    "capabilities",
    "agent_identification",
    "command",
    "custom_capabilities",
    "custom_message",
)
"""What error_response excludes: fields 3 to 11."""
_BAD_REQUEST = ServerErrorResponseType.ServerErrorResponseType_BadRequest
_BESIDE_COMMAND = {"instance_uid", "capabilities", "command"}


def report_findings(report: AgentToServer, capabilities: int) -> Iterator[Finding]:
    """What a report breaks by itself.

    Args:
        report: As it was sent.
        capabilities: What the agent stated last, in this report or before; 0 is no statement.
    """
    if len(report.instance_uid) != SIZE:
        yield 115, f"instance_uid has {len(report.instance_uid)} bytes, not {SIZE}"
    if report.capabilities and not report.capabilities & AgentCapability.REPORTS_STATUS:
        yield 209, f"capabilities are {report.capabilities:#x}, without ReportsStatus"
    if capabilities:
        for field, bit in REPORT_NEEDS.items():
            # An empty part says nothing: some clients send it as a placeholder.
            is_said = report.HasField(field) and getattr(report, field).ByteSize()
            if is_said and not capabilities & bit:
                yield 200, f"{field} without the capability {bit.name}"
    for key, status in report.package_statuses.packages.items():
        for fault in _package_faults(key, status):
            yield 126, fault


def answer_findings(answer: ServerToAgent, agent_capabilities: int) -> Iterator[Finding]:
    """What a message of the server breaks by itself.

    Args:
        answer: As it was sent.
        agent_capabilities: Every bit that the agent may be thought to have; 0 is not known.
    """
    fields = [field.name for field, _ in answer.ListFields()]
    if answer.HasField("error_response"):
        if beside := [name for name in _PAYLOAD if name in fields]:
            yield 77, f"error_response together with {', '.join(beside)}"
        if answer.error_response.type == _BAD_REQUEST and not answer.error_response.error_message:
            yield 76, "BadRequest without an error_message"
        return
    if answer.HasField("command"):
        yield from _command_findings(answer, fields)
    if answer.HasField("remote_config") and not answer.remote_config.config_hash:
        yield 204, "remote_config without config_hash"
    if answer.HasField("packages_available") and not answer.packages_available.all_packages_hash:
        yield 204, "packages_available without all_packages_hash"
    if answer.HasField("agent_identification"):
        size = len(answer.agent_identification.new_instance_uid)
        if size != SIZE:
            yield 210, f"new_instance_uid has {size} bytes, not {SIZE}"
    if agent_capabilities:
        yield from _unannounced(answer, agent_capabilities)


def _command_findings(answer: ServerToAgent, fields: list[str]) -> Iterator[Finding]:
    if not answer.instance_uid or not answer.capabilities:
        yield 203, "a command without instance_uid or capabilities"
    if beside := sorted(set(fields) - _BESIDE_COMMAND):
        yield 132, f"a command together with {', '.join(beside)}"


def _unannounced(answer: ServerToAgent, capabilities: int) -> Iterator[Finding]:
    for field, bit in OFFER_NEEDS.items():
        if answer.HasField(field) and not capabilities & bit:
            yield 201, f"{field}, and the agent lacks {bit.name}"
    settings = answer.connection_settings
    for field, bit in SETTINGS_NEED.items():
        if field == "other_connections":
            is_offered = bool(settings.other_connections)
        else:
            is_offered = settings.HasField(field)
        if not is_offered or capabilities & bit:
            continue
        if field != "opamp":
            yield 201, f"connection_settings.{field}, and the agent lacks {bit.name}"
        elif not capabilities & AgentCapability.REPORTS_HEARTBEAT:
            # With that bit the offer may be there for its heartbeat interval alone.
            yield 105, f"connection_settings.opamp, and the agent lacks {bit.name}"


def _package_faults(key: str, status: PackageStatus) -> Iterator[str]:
    if key != status.name:
        yield f"the key {key!r} names {status.name!r}"
    is_known = status.status in PackageStatusEnum.values()
    name = PackageStatusEnum.Name(status.status) if is_known else str(status.status)
    word = name.removeprefix("PackageStatusEnum_")
    if status.status in _OFFERED and not status.server_offered_hash:
        yield f"{key!r} is {word} without server_offered_hash"
    if status.status in _NO_ERROR and status.error_message:
        yield f"{key!r} is {word} with an error_message"
    is_downloading = status.status == PackageStatusEnum.PackageStatusEnum_Downloading
    if status.HasField("download_details") and not is_downloading:
        yield f"{key!r} is {word} with download_details"


def _package_word(status: int) -> str:
    """The name of a status; an enum of protobuf may hold any number."""
    if status not in PackageStatusEnum.values():
        return str(status)
    return PackageStatusEnum.Name(status).removeprefix("PackageStatusEnum_")
