"""What agent and server say that they can do, and which fields each bit permits.

Bits that are not defined here are kept as they are and ignored, as the specification asks; nothing
is ever refused for an unknown bit.
"""

from enum import IntFlag


class AgentCapability(IntFlag):
    """The bits of AgentToServer.capabilities, by the specification's names."""

    REPORTS_STATUS = 0x1
    """Set by every agent."""
    ACCEPTS_REMOTE_CONFIG = 0x2
    REPORTS_EFFECTIVE_CONFIG = 0x4
    ACCEPTS_PACKAGES = 0x8
    REPORTS_PACKAGE_STATUSES = 0x10
    REPORTS_OWN_TRACES = 0x20
    REPORTS_OWN_METRICS = 0x40
    REPORTS_OWN_LOGS = 0x80
    ACCEPTS_OPAMP_CONNECTION_SETTINGS = 0x100
    ACCEPTS_OTHER_CONNECTION_SETTINGS = 0x200
    ACCEPTS_RESTART_COMMAND = 0x400
    REPORTS_HEALTH = 0x800
    REPORTS_REMOTE_CONFIG = 0x1000
    REPORTS_HEARTBEAT = 0x2000
    REPORTS_AVAILABLE_COMPONENTS = 0x4000
    REPORTS_CONNECTION_SETTINGS_STATUS = 0x8000


class ServerCapability(IntFlag):
    """The bits of ServerToAgent.capabilities, by the specification's names."""

    ACCEPTS_STATUS = 0x1
    """Set by every server."""
    OFFERS_REMOTE_CONFIG = 0x2
    ACCEPTS_EFFECTIVE_CONFIG = 0x4
    OFFERS_PACKAGES = 0x8
    ACCEPTS_PACKAGES_STATUS = 0x10
    OFFERS_CONNECTION_SETTINGS = 0x20
    ACCEPTS_CONNECTION_SETTINGS_REQUEST = 0x40


class AgentFlag(IntFlag):
    """The bits of AgentToServer.flags."""

    REQUEST_INSTANCE_UID = 0x1


class ServerFlag(IntFlag):
    """The bits of ServerToAgent.flags."""

    REPORT_FULL_STATE = 0x1
    REPORT_AVAILABLE_COMPONENTS = 0x2


REPORT_NEEDS: dict[str, AgentCapability] = {
    "health": AgentCapability.REPORTS_HEALTH,
    "effective_config": AgentCapability.REPORTS_EFFECTIVE_CONFIG,
    "remote_config_status": AgentCapability.REPORTS_REMOTE_CONFIG,
    "package_statuses": AgentCapability.REPORTS_PACKAGE_STATUSES,
    "available_components": AgentCapability.REPORTS_AVAILABLE_COMPONENTS,
    "connection_settings_status": AgentCapability.REPORTS_CONNECTION_SETTINGS_STATUS,
}
"""Field of AgentToServer -> the agent's own bit without which it does not send it."""

OFFER_NEEDS: dict[str, AgentCapability] = {
    "remote_config": AgentCapability.ACCEPTS_REMOTE_CONFIG,
    "packages_available": AgentCapability.ACCEPTS_PACKAGES,
    "command": AgentCapability.ACCEPTS_RESTART_COMMAND,
}
"""Field of ServerToAgent -> the agent's bit without which the server does not send it."""

SETTINGS_NEED: dict[str, AgentCapability] = {
    "opamp": AgentCapability.ACCEPTS_OPAMP_CONNECTION_SETTINGS,
    "own_metrics": AgentCapability.REPORTS_OWN_METRICS,
    "own_traces": AgentCapability.REPORTS_OWN_TRACES,
    "own_logs": AgentCapability.REPORTS_OWN_LOGS,
    "other_connections": AgentCapability.ACCEPTS_OTHER_CONNECTION_SETTINGS,
}
"""Field of ConnectionSettingsOffers -> the agent's bit without which it is not sent."""


def words(bits: IntFlag) -> list[str]:
    """The names of the set bits, lowest first; bits without a name as hexadecimal numbers."""
    named = [bit.name.lower() for bit in type(bits) if bit in bits and bit.name]
    rest = int(bits) & ~sum(type(bits))
    return [*named, hex(rest)] if rest else named
