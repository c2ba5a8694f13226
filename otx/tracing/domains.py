"""Which clock a span's times were read from, and which thread it began in.

Times compare only within one clock. Two processes on one host read the same one; without a host's
name a process is taken to have a clock of its own.
"""

import zlib
from typing import NamedTuple

from otx.model.telemetry import Attributes, Span

_ONE_THREAD = frozenset({"nodejs", "webjs", "php"})
_MOVING = frozenset({"dotnet", "swift"})
_MOVING_NAMES = (
    "akka",
    "armeria",
    "defaultdispatcher",  # Kotlin coroutines
    "eventloop",
    "event-loop",
    "forkjoinpool",
    "grpc-",
    "io-compute",  # Cats Effect
    "lettuce",
    "netty",
    "pekko",
    "reactor-",
    "tokio",
    "vert.x",
    "zscheduler",
)


class Domain(NamedTuple):
    """Where a span ran.

    Attributes:
        process: What ran it; spans of one process are made by one SDK.
        clock: Whose clock it read: the host where that is known, else the process.
    """

    process: str
    clock: str


def domain_of(span: Span) -> Domain:
    """The process and the clock of a span, by its resource."""
    return domain_of_resource(span.resource, span.service)


def domain_of_resource(resource: Attributes, name: str) -> Domain:
    """The process and the clock of what a service's resource describes.

    A process is a `service.instance.id`; else a host and `process.pid`; else a `k8s.pod.uid`; else
    whatever the resource says, taken as a whole.
    """
    host = _first(resource, "host.id", "host.name", "k8s.node.name")
    service = f"{_text(resource, 'service.namespace')}/{name}"
    instance = _text(resource, "service.instance.id")
    pid = _text(resource, "process.pid")
    pod = _first(resource, "k8s.pod.uid", "container.id")
    if instance:
        process = f"{service}#{instance}"
    elif host and pid:
        process = f"{host}:{pid}"
    elif pod:
        process = pod
    else:
        whole = repr(sorted((key, repr(value)) for key, value in resource.items()))
        process = f"{service}?{zlib.crc32(whole.encode('utf-8', 'replace')):x}"
    return Domain(process, host or process)


def thread_of(span: Span) -> str:
    """The thread that a span began in; "" where nothing tells.

    Of a runtime with one thread only, that one; else what `thread.id` says.
    """
    if has_one_thread(span):
        return "the only one"
    return _text(span.attributes, "thread.id")


def has_one_thread(span: Span) -> bool:
    """Whether its runtime runs everything of a process in one thread."""
    return _text(span.resource, "telemetry.sdk.language") in _ONE_THREAD


def may_move(span: Span) -> bool:
    """Whether a span's work may have gone on, and ended, in another thread than it began in.

    `thread.id` is of a span's start. Runtimes that wait without a thread (event loops, coroutines)
    go on in whichever is free; they are known by language or by how they call their threads.
    """
    if _text(span.resource, "telemetry.sdk.language") in _MOVING:
        return True
    name = _text(span.attributes, "thread.name").lower()
    return any(part in name for part in _MOVING_NAMES)


def _first(attributes: Attributes, *keys: str) -> str:
    return next(filter(None, (_text(attributes, key) for key in keys)), "")


def _text(attributes: Attributes, key: str) -> str:
    value = attributes.get(key)
    return "" if value is None else str(value)
