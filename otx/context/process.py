"""What a process is, for profilers outside of it: the process context of OTEP 4719.

A mapping of its own, which readers find by its name in /proc/PID/maps, holds a header; that leads
to a ProcessContext message with the resource, and with what readers of the thread context need.
The message is encoded here, in a dozen lines: a target needs no protobuf for it.
"""

import ctypes
import mmap
import os
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeAlias

from otx.context.layout import (
    HEADER,
    KEY_MAP_KEY,
    PROCESS_NAME,
    PUBLISHED_AT,
    SCHEMA_KEY,
    SIGNATURE,
    VERSION,
)

Value: TypeAlias = str | bool | int | float
_PR_SET_VMA, _PR_SET_VMA_ANON_NAME = 0x53564D41, 0  # linux/prctl.h
_BEING_WRITTEN = bytes(8)
_OF_THREADS: Mapping[str, str | tuple[str, ...]] = {SCHEMA_KEY: "tlsdesc_v1_dev", KEY_MAP_KEY: ()}


class _Published:
    """The mapping of this process and the message it leads to."""

    def __init__(self) -> None:
        self._mapping = _named_mapping()
        self._message = ctypes.create_string_buffer(0)
        self._before = self._message

    def show(self, message: bytes) -> None:
        """Lead readers to a message (OTEP 4719, Publication and Updating Protocol).

        On x86-64 stores are seen in the order in which they are made; each is a call of its own,
        so the compiler keeps that order too.
        """
        self._mapping[PUBLISHED_AT : PUBLISHED_AT + 8] = _BEING_WRITTEN
        # A reader may still copy the last one; it will see that the time has changed.
        self._before = self._message
        self._message = ctypes.create_string_buffer(message, len(message))
        address = ctypes.addressof(self._message)
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        header = HEADER.pack(SIGNATURE, VERSION, len(message), now_ns, address)
        rest = PUBLISHED_AT + 8
        self._mapping[rest : HEADER.size] = header[rest:]
        self._mapping[len(SIGNATURE) : PUBLISHED_AT] = header[len(SIGNATURE) : PUBLISHED_AT]
        self._mapping[PUBLISHED_AT:rest] = header[PUBLISHED_AT:rest]
        self._mapping[: len(SIGNATURE)] = header[: len(SIGNATURE)]
        _name(self._mapping)  # again: readers may watch for this call


_lock = threading.Lock()
_published: _Published | None = None
_resource: dict[str, Value] = {}


def publish_process(resource: Mapping[str, Value]) -> bool:
    """Say what this process is; whether readers can see it.

    A later call replaces what an earlier one said. The process's id is put beside the resource,
    since that is what joins samples of several processes of one service.

    Args:
        resource: Attributes by name; those that are no text, number or truth are left out.
    """
    global _published
    with _lock:
        _resource.clear()
        _resource.update({key: it for key, it in resource.items() if isinstance(it, Value)})
        try:
            _published = _published or _Published()
        except OSError:
            return False
        _published.show(encode_process_context({**_resource, "process.pid": os.getpid()}))
    return True


def encode_process_context(
    resource: Mapping[str, Value],
    attributes: Mapping[str, str | tuple[str, ...]] = _OF_THREADS,
) -> bytes:
    """A ProcessContext message (opentelemetry-proto, processcontext/v1development)."""
    said = b"".join(_field(1, _key_value(key, _value(it))) for key, it in resource.items())
    beside = b"".join(_field(2, _key_value(key, _text(it))) for key, it in attributes.items())
    return _field(1, said) + beside


def _key_value(key: str, value: bytes) -> bytes:
    return _field(1, key.encode("utf-8", "replace")) + _field(2, value)


def _value(value: Value) -> bytes:
    """An AnyValue of a resource."""
    if isinstance(value, bool):
        return b"\x10" + _varint(value)
    if isinstance(value, int):
        return b"\x18" + _varint(value & (1 << 64) - 1)
    if isinstance(value, float):
        return b"\x21" + struct.pack("<d", value)
    return _text(value)


def _text(value: str | tuple[str, ...]) -> bytes:
    """An AnyValue of a text, or of several."""
    if isinstance(value, tuple):
        return _field(5, b"".join(_field(1, _text(item)) for item in value))
    return _field(1, value.encode("utf-8", "replace"))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _named_mapping() -> mmap.mmap:
    """A page that children do not inherit, named so that readers find it.

    Raises:
        OSError: It can be neither a memfd nor named.
    """
    try:
        descriptor = os.memfd_create(PROCESS_NAME, os.MFD_CLOEXEC)
    except OSError:
        mapping = mmap.mmap(-1, mmap.PAGESIZE)
        if not _name(mapping):
            raise
    else:
        try:
            os.ftruncate(descriptor, mmap.PAGESIZE)
            mapping = mmap.mmap(descriptor, mmap.PAGESIZE)
        finally:
            os.close(descriptor)
    mapping.madvise(mmap.MADV_DONTFORK)
    return mapping


def _name(mapping: mmap.mmap) -> bool:
    """Name a mapping (prctl(2), Linux 5.17); whether the kernel does."""
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    words = map(ctypes.c_ulong, (_PR_SET_VMA_ANON_NAME, start, len(mapping)))
    name = ctypes.c_char_p(SIGNATURE)
    return bool(ctypes.CDLL(None).prctl(_PR_SET_VMA, *words, name) == 0)


def _publish_in_child() -> None:
    """Publish again after a fork: the page is not there any more."""
    global _published, _lock
    _lock = threading.Lock()  # another thread of the parent may have held it
    if _published is not None:
        _published = None
        with suppress(OSError):
            publish_process(dict(_resource))


os.register_at_fork(after_in_child=_publish_in_child)
