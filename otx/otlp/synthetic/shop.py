"""The made-up system that synthetic telemetry comes from: services, what they do, what fails."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """Something a service does for a caller."""

    method: str
    route: str

    @property
    def name(self) -> str:
        """The span's name by HTTP's semantic conventions."""
        return f"{self.method} {self.route}"


@dataclass(frozen=True, slots=True)
class Service:
    """One service, what it is asked for and what it asks a database."""

    name: str
    operations: tuple[Operation, ...]
    query: str = ""


_KNOWN = (
    Service(
        "frontend",
        (
            Operation("GET", "/"),
            Operation("GET", "/product/{id}"),
            Operation("POST", "/cart"),
            Operation("POST", "/checkout"),
        ),
    ),
    Service("checkout", (Operation("POST", "/orders"), Operation("GET", "/orders/{id}"))),
    Service(
        "catalog",
        (Operation("GET", "/products"), Operation("GET", "/products/{id}")),
        "SELECT id, name, price FROM products WHERE id = ?",
    ),
    Service(
        "cart",
        (Operation("GET", "/cart/{id}"), Operation("POST", "/cart/{id}/items")),
        "SELECT product_id, quantity FROM cart_items WHERE cart_id = ?",
    ),
    Service("payment", (Operation("POST", "/charge"), Operation("POST", "/refund"))),
    Service("shipping", (Operation("POST", "/quote"), Operation("POST", "/ship"))),
    Service(
        "inventory",
        (Operation("POST", "/reserve"), Operation("GET", "/stock/{id}")),
        "UPDATE stock SET reserved = reserved + ? WHERE product_id = ?",
    ),
    Service("recommendation", (Operation("GET", "/recommendations"),)),
)

FAILURES = (
    ("ConnectionError", "connection refused by payment-gateway:443"),
    ("TimeoutError", "no answer within 2 s"),
    ("ValueError", "card expired"),
    ("KeyError", "no such product"),
)
"""Exception types and messages."""


def services(count: int) -> list[Service]:
    """So many services; beyond those with a name of their own, numbered ones."""
    named = list(_KNOWN[:count])
    numbered = [
        Service(f"service-{number}", (Operation("POST", f"/work/{number}"),))
        for number in range(len(named), count)
    ]
    return named + numbered
