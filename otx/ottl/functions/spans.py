"""set_semconv_span_name: names of spans as the semantic conventions have them.

The rules are those of the conventions for HTTP, RPC, messaging and database spans ("Name"
sections). Names of attributes from before their stabilisation are understood too.
"""

import re
from collections.abc import Callable, Mapping

from otx.ottl.errors import ExecutionError
from otx.ottl.functions.registry import Example, Run, editor_builder
from otx.ottl.parameters import ConstText
from otx.ottl.records import SpanRecord
from otx.ottl.value_json import as_string
from otx.ottl.values import Map

OLDEST, NEWEST = (1, 37, 0), (1, 43, 0)
_STAGE = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(-{_STAGE}(?:\.{_STAGE})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_SERVER, _CLIENT, _PRODUCER, _CONSUMER = 2, 3, 4, 5


@editor_builder(
    "set_semconv_span_name",
    component="transform",
    contexts=("span",),
    since="0.142",
    example=Example(
        'set_semconv_span_name("1.37.0", "original")',
        '{"http.request.method":"GET","http.route":"/users/{id}"}',
        '{"http.request.method":"GET","http.route":"/users/{id}"}',
    ),
)
def set_semconv_span_name(
    semconv_version: ConstText, original_span_name_attribute: ConstText | None = None
) -> Run:
    """Name a span after its attributes; the old name is kept in an attribute where one is given."""
    _check_version(semconv_version)
    if original_span_name_attribute == "":
        raise ExecutionError("the name of an attribute cannot be empty")

    def run(record: SpanRecord) -> None:
        attributes = record.attributes
        name = next(
            filter(None, (rule(attributes) for rule in _RULES.get(record.item.kind, ()))), ""
        )
        new, old = name.encode("utf-8", "surrogateescape"), record.item.name
        if not new or new == old:
            return
        record.item.name = new
        if original_span_name_attribute is not None:
            attributes[original_span_name_attribute] = str(old, "utf-8", "surrogateescape")

    return run


def _check_version(text: str) -> None:
    """Refuse what is no version that is known (semver.org, lenient about missing parts)."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise ExecutionError(f"{text!r} is no version of the semantic conventions")
    version = tuple(int(part or 0) for part in match.groups()[:3])
    is_before = version < OLDEST or (version == OLDEST and match[4])
    if is_before or version > NEWEST:
        oldest, newest = (".".join(map(str, one)) for one in (OLDEST, NEWEST))
        raise ExecutionError(f"versions {oldest} to {newest} are known, {text} is not")


def _first(attributes: Map, *keys: str) -> str | None:
    """The text of the first attribute of several that is there."""
    for key in keys:
        if key in attributes:
            return as_string(attributes[key])
    return None


def _http(attributes: Map, subject: str) -> str:
    method = _first(attributes, "http.request.method", "http.method")
    target = _first(attributes, subject)
    if method is None:
        return ""
    return method if target is None else f"{method} {target}"


def _http_server(attributes: Map) -> str:
    return _http(attributes, "http.route")


def _http_client(attributes: Map) -> str:
    return _http(attributes, "url.template")


def _rpc(attributes: Map) -> str:
    system = _first(attributes, "rpc.system.name", "rpc.system")
    if system is None:
        return ""
    method = _first(attributes, "rpc.method", "rpc.grpc.method")
    service = _first(attributes, "rpc.service", "rpc.grpc.service")
    if service is not None:
        return f"{service}/{'*' if method is None else method}"
    return system if method is None else method


def _database(attributes: Map) -> str:
    system = _first(attributes, "db.system.name", "db.system")
    if system is None:
        return ""
    summary = _first(attributes, "db.query.summary")
    if summary is not None:
        return summary
    operation = _first(attributes, "db.operation.name", "db.operation")
    return " ".join(filter(None, (operation, _database_target(attributes)))) or system


def _database_target(attributes: Map) -> str:
    namespace = _first(attributes, "db.namespace", "db.name")
    inner = _first(attributes, "db.collection.name", "db.stored_procedure.name")
    if inner is not None:
        return f"{namespace}.{inner}" if namespace else inner
    return namespace or _server(attributes)


def _server(attributes: Map) -> str:
    address, port = _first(attributes, "server.address"), _first(attributes, "server.port")
    if address is None:
        return ""
    return address if port is None else f"{address}:{port}"


def _messaging(attributes: Map) -> str:
    system = _first(attributes, "messaging.system")
    if system is None:
        return ""
    operation = _first(attributes, "messaging.operation.name", "messaging.operation")
    destination = _destination(attributes)
    if operation is not None and destination:
        return f"{operation} {destination}"
    if destination:
        return destination
    return system if operation is None else operation


def _destination(attributes: Map) -> str:
    for kind in ("temporary", "anonymous"):
        if attributes.get(f"messaging.destination.{kind}") is True:
            return f"({kind})"
    named = _first(
        attributes,
        "messaging.destination.template",
        "messaging.destination.name",
        "messaging.destination",
    )
    return _server(attributes) if named is None else named


_RULES: Mapping[int, tuple[Callable[[Map], str], ...]] = {
    _SERVER: (_http_server, _rpc, _messaging),
    _CLIENT: (_http_client, _rpc, _database, _messaging),
    _PRODUCER: (_messaging,),
    _CONSUMER: (_messaging,),
}
"""What is asked for a name, by the kind of a span, in its order."""
