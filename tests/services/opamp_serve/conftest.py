"""Servers that end with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.opamp_serve.serving import Serving

StartServing = Callable[..., Serving]


@pytest.fixture
def start_serving(tmp_path: Path, cli_variables: dict[str, str]) -> Iterator[StartServing]:
    """Starts the real `otx opamp serve` on a free port."""
    started: list[Serving] = []

    def start(*arguments: str, token: str = "", folder: str = ".") -> Serving:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        started.append(Serving(place, cli_variables, *arguments, token=token))
        return started[-1]

    yield start
    for serving in started:
        serving.close()
