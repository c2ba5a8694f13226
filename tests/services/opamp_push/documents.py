"""Pushes as the API has them."""

from typing import Any

PLACES = ("applied", "waiting", "failed", "away", "later", "kept", "unable", "observed")
NONE = dict.fromkeys(PLACES, 0)


def push(state: str = "done", **counts: int) -> dict[str, Any]:
    return {
        **{"number": 1, "state": state, "name": "c.yaml", "version": 2, "config": "ab" * 32},
        **{"note": None, "failures": [], "agents": {"matching": 3, **NONE, **counts}},
    }
