"""The frontend, and the shoppers who use it."""

import random
from typing import Any

from otx.services.shop.catalog import PRODUCTS
from otx.services.shop.telemetry import Telemetry
from otx.services.shop.web import RequestFailed, Route, call
from otx.system.stop import StopSignal

MEAN_PAUSE_S = 0.08


class Frontend:
    """What shoppers talk to; it asks the other services."""

    def __init__(
        self, telemetry: Telemetry, catalog_url: str, cart_url: str, checkout_url: str
    ) -> None:
        self._telemetry = telemetry
        self._catalog_url = catalog_url
        self._cart_url = cart_url
        self._checkout_url = checkout_url

    def routes(self) -> dict[str, Route]:
        """What the frontend answers to."""
        return {
            "GET /product/": Route("/product/", "/product/{id}", self.product),
            "GET /list": Route("/list", "/list", self.list_products),
            "GET /cart": Route("/cart", "/cart", self.cart),
            "POST /checkout": Route("/checkout", "/checkout", self.checkout),
        }

    def product(self, number: str) -> Any:
        """A product's page."""
        return call(self._telemetry, "GET", f"{self._catalog_url}/product/{number}")

    def list_products(self, rest: str) -> Any:
        """All products."""
        return call(self._telemetry, "GET", f"{self._catalog_url}/list")

    def cart(self, rest: str) -> Any:
        """The cart's page."""
        return call(self._telemetry, "GET", f"{self._cart_url}/cart")

    def checkout(self, rest: str) -> Any:
        """Place the order."""
        try:
            return call(self._telemetry, "POST", f"{self._checkout_url}/order")
        except RequestFailed as failure:
            self._telemetry.logger.warning("checkout failed: %s", failure.reason)
            raise


class Shoppers:
    """Requests from outside, a few a second."""

    def __init__(self, telemetry: Telemetry, frontend_url: str) -> None:
        self._telemetry = telemetry
        self._frontend_url = frontend_url

    def run(self, stop: StopSignal) -> None:
        """Shop until a stop is asked for. Each visit is a trace of its own."""
        visits = 0
        while not stop.wait(random.expovariate(1 / MEAN_PAUSE_S)):
            visits += 1
            self._visit(visits)

    def _visit(self, number: int) -> None:
        method, path = _next_page(number)
        try:
            call(self._telemetry, method, f"{self._frontend_url}{path}")
        except RequestFailed as failure:
            self._telemetry.logger.info("%s %s: %s", method, path, failure.reason)


def _next_page(number: int) -> tuple[str, str]:
    """What the `number`th visit asks for: every third is a checkout, so that errors come soon."""
    if number % 3 == 0:
        return "POST", "/checkout"
    if number % 5 == 0:
        return "GET", "/list"
    if number % 4 == 0:
        return "GET", "/cart"
    return "GET", f"/product/{random.randint(1, len(PRODUCTS))}"
