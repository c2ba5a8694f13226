"""Every context by name, and the order in which inference prefers them."""

from collections.abc import Mapping

from otx.ottl.contexts.context import Context
from otx.ottl.contexts.logs import LOG
from otx.ottl.contexts.metrics import DATAPOINT, EXEMPLAR, METRIC
from otx.ottl.contexts.profiles import PROFILE, PROFILESAMPLE
from otx.ottl.contexts.resources import RESOURCE, SCOPE
from otx.ottl.contexts.spans import PROCESSOR_SPANEVENT, SPAN, SPANEVENT, SPANLINK

CONTEXTS: dict[str, Context] = {
    one.name: one
    for one in (
        LOG,
        EXEMPLAR,
        DATAPOINT,
        METRIC,
        SPANEVENT,
        SPANLINK,
        SPAN,
        PROFILESAMPLE,
        PROFILE,
        SCOPE,
        RESOURCE,
    )
}
"""By name; the most specific first, which is the order of inference."""

PROCESSOR_CONTEXTS: Mapping[str, Context] = {**CONTEXTS, "spanevent": PROCESSOR_SPANEVENT}
"""The same as the Collector's processors have them, where they lack something."""
