"""Profiles of the made-up shop: stacks of its functions, with one dictionary for all requests.

The dictionary goes before the profiles of each request and never changes, so that profiles can be
joined to requests as bytes, as the records of other signals are.
"""

import random

from opentelemetry.proto.profiles.v1development.profiles_pb2 import (
    Function,
    Line,
    Location,
    Mapping,
    Profile,
    ProfilesData,
    ProfilesDictionary,
    Stack,
    ValueType,
)

from otx import __version__
from otx.otlp.synthetic.shape import Shape
from otx.otlp.synthetic.shop import Service, services
from otx.otlp.synthetic.template import Markers, Template
from otx.otlp.synthetic.values import SCOPE, any_value, resource_of

_VARIANTS = 16
_SAMPLES = 50
"""Samples of one profile."""
_PERIOD_NS = 10_101_010
"""99 samples a second."""
_CALLED = ("route", "authorize", "load", "query", "encode", "compress", "write")
"""Functions below a service's handler, from the outermost on."""


class ProfilePicker:
    """Gives out profiles of CPU time as templates (`otx.otlp.synthetic.source.Picker`)."""

    def __init__(self, shape: Shape, rng: random.Random) -> None:
        self._shape = shape
        self._rng = rng
        self._services = services(shape.services)
        self._words = _Words()
        self._stacks = [self._words.stacks(it, shape.depth + 2) for it in self._services]
        self._extra = [self._words.attribute(*pair) for pair in shape.attributes.items()]
        self._type = self._words.text("cpu"), self._words.text("nanoseconds")
        self.head = ProfilesData(dictionary=self._words.dictionary).SerializeToString()
        self._profiles = [
            self._template(number % len(self._services), _SAMPLES)
            for number in range(max(_VARIANTS, len(self._services)))
        ]

    def pick(self, most_records: int) -> Template:
        """A profile of at most so many samples."""
        if most_records < _SAMPLES:
            return self._template(self._rng.randrange(len(self._services)), most_records)
        return self._rng.choice(self._profiles)

    def _template(self, number: int, samples: int) -> Template:
        markers = Markers(self._rng)
        data = ProfilesData()
        resource_profiles = data.resource_profiles.add()
        service = self._services[number]
        resource_profiles.resource.CopyFrom(resource_of(service.name, self._shape.resource))
        scope_profiles = resource_profiles.scope_profiles.add()
        scope_profiles.scope.name = SCOPE
        scope_profiles.scope.version = __version__
        kind = ValueType(type_strindex=self._type[0], unit_strindex=self._type[1])
        profile = scope_profiles.profiles.add(
            sample_type=kind,
            period_type=kind,
            period=_PERIOD_NS,
            time_unix_nano=markers.time(0),
            duration_nano=samples * _PERIOD_NS,
            profile_id=markers.trace_id,
        )
        self._fill(profile, number, samples, markers)
        return Template.of(data.SerializeToString(), markers, samples)

    def _fill(self, profile: Profile, number: int, samples: int, markers: Markers) -> None:
        stacks = self._stacks[number]
        weights = [1 / (place + 1) for place in range(len(stacks))]
        for place in range(samples):
            profile.samples.add(
                stack_index=self._rng.choices(stacks, weights)[0],
                values=[_PERIOD_NS],
                timestamps_unix_nano=[markers.time(place * _PERIOD_NS)],
                attribute_indices=self._extra,
            )


class _Words:
    """The dictionary while it is made; the first entry of each table stands for none.

    Attributes:
        dictionary: What was made so far.
    """

    def __init__(self) -> None:
        self.dictionary = ProfilesDictionary(
            mapping_table=[Mapping()],
            location_table=[Location()],
            function_table=[Function()],
            stack_table=[Stack()],
            string_table=[""],
        )
        self.dictionary.link_table.add()
        self.dictionary.attribute_table.add()
        self._texts = {"": 0}

    def text(self, text: str) -> int:
        """The index of a text."""
        if text not in self._texts:
            self._texts[text] = len(self._texts)
            self.dictionary.string_table.append(text)
        return self._texts[text]

    def attribute(self, key: str, value: str) -> int:
        """The index of a new attribute."""
        table = self.dictionary.attribute_table
        table.add(key_strindex=self.text(key), value=any_value(value))
        return len(table) - 1

    def stacks(self, service: Service, depth: int) -> list[int]:
        """Indices of new stacks of a service, the hottest first."""
        file = f"/app/{service.name}.py"
        tables = self.dictionary
        tables.mapping_table.add(filename_strindex=self.text(f"/usr/bin/{service.name}"))
        mapping = len(tables.mapping_table) - 1
        root = self._location("main", file, 1, mapping)
        found: list[int] = []
        for number, operation in enumerate(service.operations):
            leaf_first = [
                self._location(f"handle {operation.name}", file, 10 + number, mapping),
                root,
            ]
            for level in range(depth):
                name = _CALLED[level % len(_CALLED)]
                leaf_first.insert(0, self._location(name, file, 100 + level, mapping))
                tables.stack_table.add(location_indices=leaf_first)
                found.append(len(tables.stack_table) - 1)
        return found

    def _location(self, name: str, file: str, line: int, mapping: int) -> int:
        tables = self.dictionary
        tables.function_table.add(
            name_strindex=self.text(name), filename_strindex=self.text(file), start_line=line
        )
        function = len(tables.function_table) - 1
        lines = [Line(function_index=function, line=line + 3)]
        tables.location_table.add(mapping_index=mapping, lines=lines)
        return len(tables.location_table) - 1
