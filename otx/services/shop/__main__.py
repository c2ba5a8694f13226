"""One process of the shop: `python -m otx.services.shop SERVICE WIRING`.

The wiring is a JSON object: `parent` (pid), `listener` (an inherited, listening socket's number,
absent for the shoppers), `urls` (by service) and `incident_after_s` (null for never).
"""

import json
import socket
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from otx.system.process import end_with_parent, name_process
from otx.system.stop import StopSignal

if TYPE_CHECKING:
    from otx.services.shop.telemetry import Telemetry
    from otx.services.shop.web import Route


class Service(Protocol):
    """A part of the shop that answers requests."""

    def routes(self) -> dict[str, "Route"]:
        """What it answers to."""
        ...


def main() -> None:
    """Run the service that the first argument names until TERM."""
    name = sys.argv[1]
    wiring = json.loads(sys.argv[2])
    name_process(f"shop-{name}")
    end_with_parent(wiring["parent"])
    with StopSignal() as stop:
        # Imported when the process has its name, so that a profile shows whose start it was.
        from otx.services.shop.frontend import Shoppers
        from otx.services.shop.telemetry import Telemetry

        telemetry = Telemetry(name)
        if name == "shoppers":
            Shoppers(telemetry, wiring["urls"]["frontend"]).run(stop)
        else:
            service = _make(name, telemetry, wiring["urls"])
            _answer_until_stopped(service, telemetry, wiring, stop)
        telemetry.close()


def _make(name: str, telemetry: "Telemetry", urls: Mapping[str, str]) -> Service:
    from otx.services.shop.catalog import Catalog
    from otx.services.shop.frontend import Frontend
    from otx.services.shop.orders import Cart, Checkout, Payment

    if name == "catalog":
        return Catalog(telemetry)
    if name == "cart":
        return Cart(telemetry)
    if name == "payment":
        return Payment(telemetry)
    if name == "checkout":
        return Checkout(telemetry, urls["cart"], urls["payment"])
    return Frontend(telemetry, urls["catalog"], urls["cart"], urls["checkout"])


def _answer_until_stopped(
    service: Service, telemetry: "Telemetry", wiring: Mapping[str, Any], stop: StopSignal
) -> None:
    from otx.services.shop.web import serve

    server = serve(socket.socket(fileno=wiring["listener"]), telemetry, service.routes())
    thread = threading.Thread(target=server.serve_forever, name="accept", daemon=True)
    thread.start()
    incident_after_s = wiring["incident_after_s"]
    if incident_after_s is not None and not stop.wait(incident_after_s):
        _go_wrong(service, telemetry)
    stop.wait()
    server.shutdown()
    server.server_close()
    thread.join()


def _go_wrong(service: Service, telemetry: "Telemetry") -> None:
    """The incident: the bank declines two cards in five, and ranking takes four times as long."""
    from otx.services.shop.catalog import RANKING_ROUNDS, Catalog
    from otx.services.shop.orders import Payment

    if isinstance(service, Payment):
        service.declined_share = 0.4
        telemetry.logger.warning("issuer answers with code 51 more often than usual")
    if isinstance(service, Catalog):
        service.ranking_rounds = 4 * RANKING_ROUNDS


if __name__ == "__main__":
    main()
