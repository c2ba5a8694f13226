"""The catalog: products, and a ranking that burns CPU (the demo's hot function)."""

import math
from typing import Any

from otx.services.shop.telemetry import Telemetry
from otx.services.shop.web import RequestFailed, Route

PRODUCTS = {
    number: f"{adjective} {noun}"
    for number, (adjective, noun) in enumerate(
        (
            (adjective, noun)
            for adjective in ("small", "large", "plain", "folding", "cordless")
            for noun in ("kettle", "lamp", "ladder", "radio", "chair", "drill")
        ),
        start=1,
    )
}
RANKING_ROUNDS = 3000


class Catalog:
    """Finds and ranks products."""

    def __init__(self, telemetry: Telemetry, ranking_rounds: int = RANKING_ROUNDS) -> None:
        self._telemetry = telemetry
        self.ranking_rounds = ranking_rounds

    def routes(self) -> dict[str, Route]:
        """What the catalog answers to."""
        return {
            "GET /product/": Route("/product/", "/product/{id}", self.product),
            "GET /list": Route("/list", "/list", self.list_ranked),
        }

    def product(self, number: str) -> Any:
        """One product by its number."""
        name = PRODUCTS.get(int(number) if number.isdigit() else 0)
        if name is None:
            raise RequestFailed(404, f"no product {number}")
        with self._telemetry.tracer.start_as_current_span("related products"):
            return {"name": name, "related": self.rank_products(name, self.ranking_rounds // 4)[:3]}

    def list_ranked(self, rest: str) -> Any:
        """All products, the most wanted first."""
        with self._telemetry.tracer.start_as_current_span("rank") as span:
            ranked = self.rank_products("kettle", self.ranking_rounds)
            span.set_attribute("products", len(ranked))
        return {"products": ranked}

    def rank_products(self, wanted: str, rounds: int) -> list[str]:
        """Products by how well they fit what is wanted. Slow: this is the function to find."""
        scores = dict.fromkeys(PRODUCTS.values(), 0.0)
        for step in range(rounds):
            for name in scores:
                scores[name] += score_product(name, wanted, step)
        return sorted(scores, key=lambda name: -scores[name])


def score_product(name: str, wanted: str, step: int) -> float:
    """How well one product fits, at one step of the ranking."""
    common = len(set(name) & set(wanted))
    return math.sin(common + step) ** 2 / (1 + abs(len(name) - len(wanted)))
