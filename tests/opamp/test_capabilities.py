"""Bits and the fields they permit, against the messages."""

import pytest

from otx.opamp import opamp_pb2
from otx.opamp.capabilities import (
    OFFER_NEEDS,
    REPORT_NEEDS,
    SETTINGS_NEED,
    AgentCapability,
    AgentFlag,
    ServerCapability,
    ServerFlag,
    words,
)


@pytest.mark.parametrize(
    ("bits", "name"),
    [
        (AgentCapability, "AgentCapabilities"),
        (ServerCapability, "ServerCapabilities"),
        (AgentFlag, "AgentToServerFlags"),
        (ServerFlag, "ServerToAgentFlags"),
    ],
)
def test_bits_are_those_of_the_messages(bits: type, name: str) -> None:
    numbers = set(getattr(opamp_pb2, name).values()) - {0}
    assert {int(bit) for bit in bits} == numbers  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (REPORT_NEEDS, opamp_pb2.AgentToServer),
        (OFFER_NEEDS, opamp_pb2.ServerToAgent),
        (SETTINGS_NEED, opamp_pb2.ConnectionSettingsOffers),
    ],
)
def test_needs_name_fields(needs: dict[str, AgentCapability], message: type) -> None:
    assert set(needs) <= set(message.DESCRIPTOR.fields_by_name)  # type: ignore[attr-defined]


def test_words_keep_unknown_bits() -> None:
    assert words(AgentCapability(0x1 | 0x2 | 0x100000)) == [
        "reports_status",
        "accepts_remote_config",
        "0x100000",
    ]
    assert words(AgentCapability(0)) == []
