"""What a test of a server leaves behind, said to who has to look at the server's lists."""

from collections.abc import Sequence

from otx.errors import OtxError
from otx.services.opamp_conform.drivers import Driver
from otx.services.opamp_conform.fake_agent import NAME, UID_END, FakeAgent
from otx.services.opamp_conform.outcome import NotTestable


def farewell(driver: Driver, guests: Sequence[FakeAgent]) -> str:
    """Clean up what can be, and say what was and what stays; "" after a test that brought nobody.

    The protocol lets an agent say goodbye and no more: what a server keeps is the server's matter.
    """
    if not guests:
        return ""
    try:
        done = driver.clean_up()
    except (OtxError, NotTestable) as error:
        done = f"the server was not cleaned up: {error}; "
    if done and not done.endswith("; "):
        return done
    return (
        f"{done}{len(guests)} agents of the test said goodbye and stay in the server's lists, with"
        f" what was assigned to them: service.name {NAME}-…, uids that end in {UID_END.hex()}"
    )
