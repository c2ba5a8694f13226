"""Whose telemetry it is: the attributes of the agent's description, as a Resource."""

from typing import TYPE_CHECKING

from otx import __version__
from otx.opamp.opamp_pb2 import AgentDescription

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
    from opentelemetry.proto.resource.v1.resource_pb2 import Resource


def fill_resource(resource: "Resource", description: AgentDescription) -> None:
    """Add all attributes of a description, the identifying first."""
    for one in (*description.identifying_attributes, *description.non_identifying_attributes):
        attribute = resource.attributes.add(key=one.key)
        attribute.value.ParseFromString(one.value.SerializeToString())  # the same fields


def fill_scope(scope: "InstrumentationScope") -> None:
    """Name what made the telemetry."""
    scope.name, scope.version = "otx.agent", __version__
