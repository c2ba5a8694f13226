"""Feeds bytes to one of otx's readers until something other than its own error gets out.

python examples/fuzz/fuzz.py TARGET [--seconds N] [CRASH_FILE]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

SEEDS = Path(__file__).parent / "seeds"
MAX_INPUT_BYTES = 4096
MAX_INFLATED_BYTES = 1 << 16

with atheris.instrument_imports(include=["otx", "ottl_targets"]):
    import ottl_targets

    from otx.errors import OtxError
    from otx.model.signal import Signal
    from otx.otlp.compression import decompress
    from otx.otlp.decode import decode_request
    from otx.otlp.refusal import Refusal
    from otx.profile.cpython.linetable import decode_entries
    from otx.profile.elf import ElfFile, bytes_reader
    from otx.profile.errors import UnreadableError
    from otx.propagation.decoding import decode_headers
    from otx.propagation.document import decoded_document
    from otx.propagation.inputs import read_text
    from otx.store.log_format import decode_file_header, decode_records
    from otx.store.search import parse_search

ENCODINGS = ("gzip", "deflate", "zstd")
SIGNALS = tuple(Signal)


def otlp_protobuf(data: bytes) -> None:
    """The first byte picks the signal."""
    decode_request(SIGNALS[data[0] % 4], data[1:], "protobuf")


def otlp_json(data: bytes) -> None:
    """The first byte picks the signal."""
    decode_request(SIGNALS[data[0] % 4], data[1:], "json")


def compressed(data: bytes) -> None:
    """The first byte picks the encoding; nothing longer than the limit comes out."""
    inflated = decompress(data[1:], ENCODINGS[data[0] % 3], MAX_INFLATED_BYTES)
    if len(inflated) > MAX_INFLATED_BYTES:
        raise AssertionError(f"{len(inflated)} bytes came out")


def log(data: bytes) -> None:
    """A log file: its header, and the records behind it."""
    decode_file_header(data)
    for request in decode_records(data, 0):
        if not 0 <= request.end <= len(data):
            raise AssertionError("a record ends outside its file")


def elf(data: bytes) -> None:
    """An object file: segments and symbols."""
    file = ElfFile(bytes_reader(data))
    file.code_symbols().find(0x1000)
    file.data_addresses(frozenset((b"_PyRuntime",)))


def linetable(data: bytes) -> None:
    """A code object's line table."""
    for _ in decode_entries(data, 1):
        pass


def search(data: bytes) -> None:
    """A search expression."""
    parse_search(data.decode("utf-8", "replace"))


def trace_context(data: bytes) -> None:
    """The first byte picks the level, the rest is what stands on stdin."""
    for one in read_text(data[1:].decode("utf-8", "replace")):
        decoded_document(decode_headers(one.pairs, 1 if data[0] % 2 else 2))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "otlp-protobuf": otlp_protobuf,
    "otlp-json": otlp_json,
    "compressed": compressed,
    "log": log,
    "elf": elf,
    "linetable": linetable,
    "search": search,
    "trace-context": trace_context,
    "ottl-parser": ottl_targets.ottl_parser,
    "ottl-run": ottl_targets.ottl_run,
    "ottl-config": ottl_targets.ottl_config,
    "pieces": ottl_targets.pieces,
    "any-value": ottl_targets.any_value,
    "json-open": ottl_targets.json_open,
}
EXPECTED = (OtxError, Refusal, UnreadableError)


def main() -> None:
    """Fuzz one target; does not return."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("crash", nargs="?")
    options = parser.parse_args()
    target = TARGETS[options.target]

    def one_input(data: bytes) -> None:
        if data:
            try:
                target(data)
            except EXPECTED:
                return

    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        "-rss_limit_mb=2048",
        "-timeout=10",
        "-verbosity=0",
    ]
    if options.crash:
        atheris.Setup([*arguments, options.crash], one_input)
        atheris.Fuzz()
    with tempfile.TemporaryDirectory() as found:  # new inputs go to the first folder
        atheris.Setup([*arguments, found, str(SEEDS / options.target)], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
