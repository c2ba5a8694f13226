"""The catalogue of an agent's components as JSON."""

from otx.opamp.opamp_pb2 import AvailableComponents, ComponentDetails
from otx.opamp.server.attributes import read_attributes
from otx.opamp.server.documents import Document


def components_document(said: AvailableComponents) -> Document | None:
    """Hash and components, nested as the agent has them; None where it said nothing."""
    if not said.hash and not said.components:
        return None
    return {"hash": said.hash.hex(), "components": _components(dict(said.components))}


def _components(components: "dict[str, ComponentDetails]") -> Document:
    return {
        name: {
            "metadata": read_attributes(one.metadata),
            "components": _components(dict(one.sub_component_map)),
        }
        for name, one in sorted(components.items())
    }
