"""Cart, checkout and payment: the slow and the failing path of the shop."""

import random
import time
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode

from otx.services.shop.telemetry import Telemetry
from otx.services.shop.web import RequestFailed, Route, call


class PaymentDeclined(Exception):
    """The bank said no."""


class Cart:
    """What a customer wants to buy."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def routes(self) -> dict[str, Route]:
        """What the cart answers to."""
        return {"GET /cart": Route("/cart", "/cart", self.items)}

    def items(self, rest: str) -> Any:
        """The items in the cart."""
        with self._telemetry.tracer.start_as_current_span(
            "HGETALL cart",
            kind=SpanKind.CLIENT,
            attributes={"db.system.name": "redis", "db.operation.name": "HGETALL"},
        ):
            time.sleep(random.uniform(0.0005, 0.003))
        count = random.randint(1, 5)
        self._telemetry.logger.debug("cart read, items=%d", count)
        return {"items": count}


class Checkout:
    """Turns a cart into an order."""

    def __init__(self, telemetry: Telemetry, cart_url: str, payment_url: str) -> None:
        self._telemetry = telemetry
        self._cart_url = cart_url
        self._payment_url = payment_url

    def routes(self) -> dict[str, Route]:
        """What checkout answers to."""
        return {"POST /order": Route("/order", "/order", self.place_order)}

    def place_order(self, rest: str) -> Any:
        """Read the cart, take the money, confirm."""
        order = random.randint(1000, 9999)
        with self._telemetry.tracer.start_as_current_span(
            "PlaceOrder", attributes={"order.id": order}, record_exception=False
        ) as span:
            items = call(self._telemetry, "GET", f"{self._cart_url}/cart")["items"]
            span.set_attribute("order.items", items)
            try:
                call(self._telemetry, "POST", f"{self._payment_url}/charge")
            except RequestFailed as failure:
                self._telemetry.logger.error("order %d failed: %s", order, failure.reason)
                raise RequestFailed(502, failure.reason) from failure
            with self._telemetry.tracer.start_as_current_span("send confirmation"):
                time.sleep(0.002)
            self._telemetry.logger.info("order %d placed, items=%d", order, items)
        return {"order": order}


class Payment:
    """Asks the bank, which is slow one time in eight and says no one time in twelve."""

    def __init__(
        self, telemetry: Telemetry, slow_share: float = 1 / 8, declined_share: float = 1 / 12
    ) -> None:
        self._telemetry = telemetry
        self._slow_share = slow_share
        self.declined_share = declined_share
        self._asked = 0

    def routes(self) -> dict[str, Route]:
        """What payment answers to."""
        return {"POST /charge": Route("/charge", "/charge", self.charge)}

    def charge(self, rest: str) -> Any:
        """Charge a card."""
        amount = random.randint(500, 9000) / 100
        self._telemetry.logger.info("charging card, amount=%.2f EUR", amount)
        try:
            self._ask_bank(amount)
        except PaymentDeclined as refusal:
            self._telemetry.logger.error("declined by issuer, code=51")
            raise RequestFailed(502, str(refusal)) from refusal
        return {"amount": amount}

    def _ask_bank(self, amount: float) -> None:
        """The call that leaves the shop; slow and declined by turns, so that both are soon seen."""
        self._asked += 1
        with self._telemetry.tracer.start_as_current_span(
            "POST api.bank.example",
            kind=SpanKind.CLIENT,
            attributes={"server.address": "api.bank.example", "payment.provider": "acme"},
        ) as span:
            if _falls_due(self._asked, self._slow_share):
                self._telemetry.logger.warning("bank is slow, waiting, amount=%.2f", amount)
                time.sleep(random.uniform(0.3, 0.6))
            time.sleep(random.uniform(0.004, 0.02))
            if _falls_due(self._asked + 2, self.declined_share):
                span.set_status(StatusCode.ERROR, "declined by issuer")
                span.set_attribute("http.response.status_code", 402)
                raise PaymentDeclined("declined by issuer")


def _falls_due(number: int, share: float) -> bool:
    """Whether the `number`th of something belongs to an even `share` of all."""
    return int(number * share) != int((number - 1) * share)
