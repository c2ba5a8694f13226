"""The forms a profile is written in and read from."""

from collections.abc import Callable, Mapping
from importlib import import_module

from otx.errors import UsageError
from otx.model.profile import Profile
from otx.output import format_by_ending

__all__ = ["BINARY", "ENDINGS", "FORMS", "choose_format", "write_profile"]

FORMS: Mapping[str, tuple[str, str]] = {
    "text": ("otx.profile.formats.text", "write_text"),
    "folded": ("otx.profile.formats.folded", "write_folded"),
    "pprof": ("otx.profile.formats.pprof", "write_pprof"),
    "speedscope": ("otx.profile.formats.speedscope", "write_speedscope"),
    "otlp": ("otx.profile.formats.otlp_write", "write_otlp"),
    "otlp-json": ("otx.profile.formats.otlp_write", "write_otlp_json"),
    "html": ("otx.profile.formats.picture", "write_html"),
    "svg": ("otx.profile.formats.picture", "write_svg"),
    "json": ("otx.profile.formats.json", "write_json"),
    "perf-script": ("otx.profile.formats.perf_script", "write_perf_script"),
}
"""Module and function that write a form, by the name that `--format` takes; each is imported when
it is used, since the messages of pprof and OTLP take 30 ms."""

BINARY = frozenset(("pprof", "otlp"))
"""Forms that are nothing for a terminal."""

ENDINGS = {
    ".speedscope.json": "speedscope",
    ".otlp.json": "otlp-json",
    ".pb.gz": "pprof",
    ".pprof.gz": "pprof",
    ".pb": "otlp",
    ".collapsed": "folded",
    ".perf": "perf-script",
}
"""Endings of files that are no form's name."""


def choose_format(asked: str | None, out: str) -> str:
    """The form to write: what was asked for, else what the output's ending says, else text.

    Raises:
        UsageError: There is no such form.
    """
    if asked is None:
        by_ending = (form for ending, form in ENDINGS.items() if out.lower().endswith(ending))
        return next(by_ending, None) or format_by_ending(out, FORMS, "text")
    if asked not in FORMS:
        raise UsageError(f"no format {asked!r}", hint=f"--format takes {', '.join(FORMS)}")
    return asked


def write_profile(profile: Profile, form: str) -> bytes:
    """A profile in one of `FORMS`; text is UTF-8."""
    module, name = FORMS[form]
    write: Callable[[Profile], str | bytes] = getattr(import_module(module), name)
    written = write(profile)
    return written if isinstance(written, bytes) else written.encode("utf-8", "replace")
