"""Which clock a span's times were read from, and which thread it began in.

Times compare only within one clock. Two processes on one host read the same one; without a host's
name a process is taken to have a clock of its own.
"""

import zlib
from typing import NamedTuple

from otx.model.telemetry import Attributes, Span


class Domain(NamedTuple):
    """Where a span ran.

    Attributes:
        process: What ran it; spans of one process are made by one SDK.
        clock: Whose clock it read: the host where that is known, else the process.
    """

    process: str
    clock: str


def domain_of(span: Span) -> Domain:
    """The process and the clock of a span, by its resource.

    A process is a `service.instance.id`; else a host and `process.pid`; else a `k8s.pod.uid`; else
    whatever the resource says, taken as a whole.
    """
    resource = span.resource
    host = _first(resource, "host.id", "host.name", "k8s.node.name")
    service = f"{_text(resource, 'service.namespace')}/{span.service}"
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
    """The thread that a span began in; "" where it does not say."""
    return _text(span.attributes, "thread.id")


def _first(attributes: Attributes, *keys: str) -> str:
    return next(filter(None, (_text(attributes, key) for key in keys)), "")


def _text(attributes: Attributes, key: str) -> str:
    value = attributes.get(key)
    return "" if value is None else str(value)
