"""The resource that variables describe."""

import pytest

from otx.otlp.exporter.resource import resource_attributes


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"service.name": "unknown_service:make"}),
        ({"OTEL_SERVICE_NAME": "ci"}, {"service.name": "ci"}),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a"}, {"service.name": "a"}),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a, k=v%2C1,bad", "OTEL_SERVICE_NAME": "b"},
            {"service.name": "b", "k": "v,1"},
        ),
    ],
)
def test_the_name_of_its_own_variable_wins(
    variables: dict[str, str], expected: dict[str, str]
) -> None:
    assert resource_attributes(variables, "make") == expected
