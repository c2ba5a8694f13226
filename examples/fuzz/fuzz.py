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
"""What is longer is cut, but for seeds: a file whose end is cut off has no sections."""
MAX_INFLATED_BYTES = 1 << 16

with atheris.instrument_imports(
    include=["otx", "form_targets", "ottl_targets", "opamp_targets", "store_targets"]
):
    import form_targets
    import object_targets
    import opamp_targets
    import ottl_targets
    import profile_targets
    import store_targets

    from otx.errors import OtxError
    from otx.model.signal import Signal
    from otx.otlp.compression import decompress
    from otx.otlp.decode import Request, decode_request, parse_request
    from otx.otlp.refusal import Refusal
    from otx.output import Painter
    from otx.profile.errors import UnreadableError
    from otx.profile.formats.opening import open_profile
    from otx.propagation.conformance.cases import ALL
    from otx.propagation.conformance.exchange import Exchange
    from otx.propagation.conformance.judging import judge
    from otx.propagation.conformance.participant import own_context, sent_on
    from otx.propagation.conformance.shown import shown_call
    from otx.propagation.decoding import decode_headers
    from otx.propagation.document import decoded_document
    from otx.propagation.each import EachReader
    from otx.propagation.inputs import read_text
    from otx.propagation.model import Level
    from otx.propagation.report.check_page import check_page
    from otx.propagation.report.page import page
    from otx.store.log_format import decode_file_header, decode_records
    from otx.store.search import parse_search

ENCODINGS = ("gzip", "deflate", "zstd")
SIGNALS = tuple(Signal)
NOW_UNIX_S = 1_790_000_000
OWN_ID = "00f067aa0ba902b7"
SENT = (("traceparent", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{OWN_ID}-03"), ("baggage", "a=b"))
"""What a service was sent whose response is read."""


def otlp_protobuf(data: bytes) -> None:
    """The first byte picks the signal; a walk in C says yes to nothing else than the parser."""
    signal, body = SIGNALS[data[0] % 4], data[1:]
    quick = _taken(lambda: decode_request(signal, body, "protobuf"))
    parsed = _taken(lambda: parse_request(signal, body))
    if quick != parsed:
        raise AssertionError(f"{quick} is not what parsing gives: {parsed}")


def _taken(read: Callable[[], Request]) -> Request | None:
    """What a request is; None where it is refused."""
    try:
        return read()
    except Refusal:
        return None


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


def profile(data: bytes) -> None:
    """A profile in any form."""
    open_profile(data, "x", lambda text: None)


def search(data: bytes) -> None:
    """A search expression."""
    parse_search(data.decode("utf-8", "replace"))


def trace_context(data: bytes) -> None:
    """The first byte picks the level, the rest is what stands on stdin."""
    level: Level = 1 if data[0] % 2 else 2
    for one in read_text(data[1:].decode("utf-8", "replace")):
        decoded = decode_headers(one.pairs, level)
        decoded_document(decoded)
        page(decoded, Painter(wants_colour=True), NOW_UNIX_S, one.judged_as)
        # What a service sends on is valid, whatever came in.
        sent = sent_on(own_context(one.pairs, level, lambda digits: "1" * digits), lambda _: OWN_ID)
        again = decode_headers(sent, level)
        if again.problem or again.found.tracestate or again.found.baggage:
            raise AssertionError(f"sends on what is broken: {sent}")


def trace_context_each(data: bytes) -> None:
    """The first byte says in what pieces a stream comes, and whether it pauses between them."""
    reader = EachReader()
    size = 1 + data[0] // 2
    for at in range(1, len(data), size):
        list(reader.feed(data[at : at + size]))
        if data[0] % 2:
            list(reader.pause())
    list(reader.finish())


def trace_context_shown(data: bytes) -> None:
    """Where a line ends for the first time, the headers of a response end and its body begins."""
    head, _, body = data.decode("utf-8", "replace").partition("\n")
    call, seen, excuse = shown_call((("server-timing", head), ("traceresponse", head)), body, SENT)
    exchange = Exchange(ALL[1], SENT, OWN_ID, (call,) if call else (), seen, excuse=excuse)
    check_page([judge(exchange, 2)], Painter(wants_colour=False))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "otlp-protobuf": otlp_protobuf,
    "otlp-json": otlp_json,
    "compressed": compressed,
    "log": log,
    "columns": store_targets.columns,
    "log-file": store_targets.log_file,
    "forward-position": store_targets.forward_position,
    "index": store_targets.index_file,
    "manifest": store_targets.manifest,
    "profile": profile,
    **form_targets.TARGETS,
    **object_targets.TARGETS,
    **profile_targets.TARGETS,
    "search": search,
    "trace-context": trace_context,
    "trace-context-each": trace_context_each,
    "trace-context-shown": trace_context_shown,
    "ottl-parser": ottl_targets.ottl_parser,
    "ottl-run": ottl_targets.ottl_run,
    "ottl-config": ottl_targets.ottl_config,
    "opamp-messages": opamp_targets.opamp_messages,
    "opamp-frames": opamp_targets.opamp_frames,
    "opamp-heads": opamp_targets.http_head,
    "pieces": ottl_targets.pieces,
    "any-value": ottl_targets.any_value,
    "json-open": ottl_targets.json_open,
}
EXPECTED = (OtxError, Refusal, UnreadableError)


def _longest_input(seeds: Path) -> int:
    return max([MAX_INPUT_BYTES, *(seed.stat().st_size for seed in seeds.iterdir())])


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
        f"-max_len={_longest_input(SEEDS / options.target)}",
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
