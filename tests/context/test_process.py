"""The process context: its message, and the page that leads to it."""

import math

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otx.context.layout import HEADER, SIGNATURE, VERSION
from otx.context.process import Value, encode_process_context
from otx.profile.formats.reading import protobuf_fields
from tests.context.conftest import Run

VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
)

READ_OWN_PAGE = """
import ctypes, os, re
from otx.context.process import publish_process

def shown():
    line = next(it for it in open("/proc/self/maps") if "OTEL_CTX" in it)
    return ctypes.string_at(int(line.split("-")[0], 16), 32)

def message(header):
    size, at = int.from_bytes(header[12:16], "little"), int.from_bytes(header[24:], "little")
    return ctypes.string_at(at, size)
"""


def parts(message: bytes) -> tuple[Resource, dict[str, KeyValue]]:
    fields = [
        (number, bytes(it)) for number, it in protobuf_fields(message) if not isinstance(it, int)
    ]
    resource = Resource.FromString(dict(fields)[1])
    attributes = [KeyValue.FromString(it) for number, it in fields if number == 2]
    return resource, {it.key: it for it in attributes}


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES))
def test_protobuf_reads_what_is_encoded(attributes: dict[str, Value]) -> None:
    resource, beside = parts(encode_process_context(attributes))
    values = {it.key: it.value for it in resource.attributes}
    read = {key: getattr(it, str(it.WhichOneof("value"))) for key, it in values.items()}
    assert read == attributes
    assert all(type(read[key]) is type(value) for key, value in attributes.items())
    assert beside["threadlocal.schema_version"].value.string_value == "tlsdesc_v1_dev"
    assert beside["threadlocal.attribute_key_map"].value.HasField("array_value")


def test_numbers_that_are_none_go_through() -> None:
    resource, _ = parts(encode_process_context({"it": math.nan}))
    assert math.isnan(resource.attributes[0].value.double_value)


def test_a_page_named_otel_ctx_leads_to_the_message(run: Run) -> None:
    wrote = run(
        READ_OWN_PAGE + "publish_process({'service.name': 'shop', 'odd': object()})\n"
        "print(shown().hex(), message(shown()).hex(), os.getpid())"
    )
    header, message, pid = wrote.split()
    signature, version, _, published_at, _ = HEADER.unpack(bytes.fromhex(header))
    assert (signature, version) == (SIGNATURE, VERSION)
    assert published_at > 0
    resource, _ = parts(bytes.fromhex(message))
    values = {it.key: it.value for it in resource.attributes}
    assert list(values) == ["service.name", "process.pid"]
    assert values["service.name"].string_value == "shop"
    assert values["process.pid"].int_value == int(pid)


def test_a_later_resource_replaces_the_earlier_one_and_a_child_has_its_own(run: Run) -> None:
    wrote = run(
        READ_OWN_PAGE
        + """
publish_process({'service.name': 'first'})
before = shown()
publish_process({'service.name': 'second'})
print(shown()[16:24] > before[16:24] or 'later', b'second' in message(shown()), flush=True)
pid = os.fork()
if not pid:
    print(b'second' in message(shown()), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
    )
    assert wrote.split()[1:] == ["True", "True"]
