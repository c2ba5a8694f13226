"""Where the agent's own telemetry goes."""

import pytest

from otx.errors import UsageError
from otx.opamp.opamp_pb2 import TelemetryConnectionSettings
from otx.services.agent.own.destination import Destination, Fate, target_of
from tests.services.agent.http_receiver import http_receiver


def test_offers_that_cannot_be_used_are_refused() -> None:
    assert target_of(TelemetryConnectionSettings(), allows_insecure=False) is None
    with pytest.raises(UsageError, match="no http"):
        target_of(TelemetryConnectionSettings(destination_endpoint="h:1"), allows_insecure=False)
    offer = TelemetryConnectionSettings(destination_endpoint="https://h/v1/metrics")
    offer.tls.insecure_skip_verify = True
    with pytest.raises(UsageError, match="not verify"):
        target_of(offer, allows_insecure=False)
    assert target_of(offer, allows_insecure=True) is not None


async def test_a_failure_and_its_end_are_said_once_each() -> None:
    remarks: list[str] = []
    destination = Destination("logs", remarks.append)
    with http_receiver(503, 503, 200, 200, 400) as (url, bodies):
        destination.aim(
            TelemetryConnectionSettings(destination_endpoint=url), allows_insecure=False
        )
        fates = [await destination.deliver(b"x") for _ in range(5)]
    assert fates == [Fate.LATER, Fate.LATER, Fate.ARRIVED, Fate.ARRIVED, Fate.REFUSED]
    assert bodies == [b"x"] * 5
    assert [one.partition(": ")[2] for one in remarks] == [
        "the receiver answers 503",
        "they arrive again",
        "the receiver answers 400",
    ]


async def test_an_offer_without_an_endpoint_switches_it_off_and_a_bad_one_changes_nothing() -> None:
    remarks: list[str] = []
    destination = Destination("traces", remarks.append)
    with http_receiver(200) as (url, bodies):
        destination.aim(
            TelemetryConnectionSettings(destination_endpoint=url), allows_insecure=False
        )
        bad = TelemetryConnectionSettings(destination_endpoint="nonsense")
        destination.aim(bad, allows_insecure=False)
        assert await destination.deliver(b"x") is Fate.ARRIVED
        destination.aim(TelemetryConnectionSettings(), allows_insecure=False)
        assert await destination.deliver(b"x") is Fate.LATER
    assert bodies == [b"x"]
    assert remarks == ["an offer for own traces is not used: 'nonsense' is no http or https URL"]
