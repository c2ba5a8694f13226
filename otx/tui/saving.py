"""What is shown as files and texts: OTLP JSON, the forms of a profile, documents for an editor.

A bridge like the feed: it knows the wire and the forms, which screens do not.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from google.protobuf.message import Message

from otx.errors import UsageError
from otx.logs.document import log_document
from otx.model.profile import Profile
from otx.model.units import format_count
from otx.otlp.encode import to_json as message_json
from otx.otlp.records import logs_request, traces_request
from otx.output import to_json
from otx.profile.formats import ENDINGS, FORMS, write_profile
from otx.profile.formats.profile import sampled_profile
from otx.tracing.document import span_document
from otx.tracing.draw import describe_tree, draw_tree
from otx.tracing.tree import build_tree
from otx.tui.asks import Content, CopyForm, Records, Spans
from otx.tui.flame_words import amount_text
from otx.tui.snapshot import FlameView, Status

_TEXT_WIDTH = 100
_PROFILE_ENDINGS = {
    **{f".{name}": name for name in FORMS if "-" not in name},
    ".txt": "text",
    **ENDINGS,
}
"""Forms of a profile by ending."""
Form: TypeAlias = Callable[[], bytes]


class AlreadyThere(UsageError):
    """A file of that name would be lost."""


def save(content: Content, path: str, may_replace: bool) -> str:
    """Write to a file in the form its ending asks for; what was written, in words.

    Raises:
        AlreadyThere: There is such a file, and it may not be replaced.
        UsageError: The ending asks for no form there is, or the file cannot be written.
    """
    place = Path(path).expanduser()
    forms = _forms(content)
    # `.speedscope.json` goes before `.json`.
    ending = max(filter(place.name.lower().endswith, forms), key=len, default="")
    if not ending:
        asked = place.suffix or "a name without an ending"
        raise UsageError(f"{asked} is no form this can be written in: {', '.join(forms)}")
    _write(place, forms[ending](), may_replace)
    return f"{_words(content)} in {place}"


def document(content: Content) -> tuple[str, str]:
    """A text for an editor, and the ending of a file for it."""
    if isinstance(content, FlameView):
        return write_profile(_profile(content), "text").decode(), ".txt"
    documents: list[Mapping[str, object]]
    if isinstance(content, Spans):
        documents = [span_document(span) for span in content.spans]
    else:
        documents = [log_document(record) for record in content.records]
    return to_json(documents[0] if len(documents) == 1 else documents, indent=2) + "\n", ".json"


def copied(content: Content, form: CopyForm, status: Status) -> str:
    """A text for the clipboard.

    Raises:
        UsageError: Nothing receives OTLP over HTTP that curl could send to.
    """
    if form == "curl":
        return _curl(content, status)
    if form == "json":
        return _otlp_json(content)
    if isinstance(content, Spans) and len(content.spans) > 1:
        tree = build_tree(content.spans)
        return "\n".join([describe_tree(tree), *draw_tree(tree, _TEXT_WIDTH)])
    return document(content)[0]


def _forms(content: Content) -> Mapping[str, Form]:
    """How a content is written, by the ending of a file's name."""
    if isinstance(content, FlameView):
        profile = _profile(content)
        return {
            ending: partial(write_profile, profile, name)
            for ending, name in _PROFILE_ENDINGS.items()
        }
    return {
        ".json": lambda: _otlp_json(content).encode(),
        ".jsonl": lambda: _json_lines(content).encode(),
    }


def _otlp_json(content: Content) -> str:
    return message_json(_request(content), indent=True).decode() + "\n"


def _request(content: Content) -> Message:
    if isinstance(content, Spans):
        return traces_request(content.spans)
    if isinstance(content, Records):
        return logs_request(content.records)
    raise UsageError("a profile has no OTLP form yet")


def _json_lines(content: Spans | Records) -> str:
    """An export request a line, each with one record, so that lines can be picked and joined."""
    if isinstance(content, Spans):
        requests = [traces_request([span]) for span in content.spans]
    else:
        requests = [logs_request([record]) for record in content.records]
    return "".join(message_json(request).decode() + "\n" for request in requests)


def _curl(content: Content, status: Status) -> str:
    if not status.http:
        raise UsageError("nothing receives OTLP over HTTP here that curl could send to")
    signal = "traces" if isinstance(content, Spans) else "logs"
    body = message_json(_request(content)).decode()
    url = f"http://{status.http}/v1/{signal}"
    return f"curl -sS {url} -H 'Content-Type: application/json' --data-raw {shlex.quote(body)}"


def _profile(view: FlameView) -> Profile:
    return sampled_profile(
        view.counts, view.stats, view.frequency_hz, view.duration_ns, kind=view.kind
    )


def _words(content: Content) -> str:
    if isinstance(content, Spans):
        return _counted(content.spans, "span")
    if isinstance(content, Records):
        return _counted(content.records, "log record")
    return amount_text(sum(content.counts.values()), content.kind)


def _counted(things: Sequence[object], noun: str) -> str:
    return f"{format_count(len(things))} {noun}{'s' if len(things) != 1 else ''}"


def _write(place: Path, data: bytes, may_replace: bool) -> None:
    """Write a file as a whole or not at all."""
    beside = place.with_name(f".{place.name}.part")
    is_claimed = False
    try:
        if not may_replace:
            place.open("x").close()  # the name is ours, or somebody else's file is there
            is_claimed = True
        beside.write_bytes(data)
        beside.replace(place)
    except FileExistsError:
        raise AlreadyThere(f"{place} is there already") from None
    except OSError as error:
        if is_claimed:
            place.unlink(missing_ok=True)
        raise UsageError(f"cannot write {place}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
