"""A language server for OTTL: `otx.ottl.language_service` spoken over stdio by pygls."""

import os
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import ServerTextPosition, ServerTextRange, TextDocument

from otx import __version__
from otx.environment import Environment
from otx.errors import OtxError
from otx.ottl.completion import CandidateKind
from otx.ottl.format_file import format_file
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.language_service import Completion, LanguageService, Position, Range

LANGUAGE_ID = "ottl"

_TRIGGERS = [".", "[", '"', "("]
_KINDS: dict[CandidateKind, types.CompletionItemKind] = {
    "editor": types.CompletionItemKind.Function,
    "converter": types.CompletionItemKind.Function,
    "context": types.CompletionItemKind.Module,
    "path": types.CompletionItemKind.Field,
    "key": types.CompletionItemKind.Property,
    "enum": types.CompletionItemKind.EnumMember,
    "keyword": types.CompletionItemKind.Keyword,
    "argument": types.CompletionItemKind.Variable,
    "choice": types.CompletionItemKind.Value,
}
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
}


def serve(environment: Environment, functions: FunctionSet) -> None:
    """Serve one editor until it ends the conversation or closes stdin."""
    server = LanguageServer("otx ottl lsp", __version__)
    _Handlers(server, environment, functions).register()
    # pygls closes what it writes to, and stdout is still to be flushed when otx ends.
    with os.fdopen(os.dup(environment.stdout.fileno()), "wb") as out:
        server.start_io(environment.stdin, out)


class _Handlers:
    """What is answered; a file is looked at anew each time, so that nothing can be stale."""

    def __init__(
        self, server: LanguageServer, environment: Environment, functions: FunctionSet
    ) -> None:
        self._server = server
        self._environment = environment
        self._functions = functions

    def register(self) -> None:
        """Make them known to the server, and thereby to the client."""
        completion = types.CompletionOptions(trigger_characters=_TRIGGERS)
        self._register(types.TEXT_DOCUMENT_DID_OPEN, self._opened)
        self._register(types.TEXT_DOCUMENT_DID_CHANGE, self._changed)
        self._register(types.TEXT_DOCUMENT_DID_CLOSE, self._closed)
        self._register(types.TEXT_DOCUMENT_COMPLETION, self._complete, completion)
        self._register(types.TEXT_DOCUMENT_HOVER, self._hover)
        self._register(types.TEXT_DOCUMENT_FORMATTING, self._format)

    def _register(self, name: str, handle: Callable[[Any], Any], options: Any = None) -> None:
        # pygls marks the function that it is given, and a bound method takes no marks.
        self._server.feature(name, options)(lambda params: handle(params))

    def _opened(self, params: types.DidOpenTextDocumentParams) -> None:
        self._publish(params.text_document.uri)

    def _changed(self, params: types.DidChangeTextDocumentParams) -> None:
        self._publish(params.text_document.uri)

    def _closed(self, params: types.DidCloseTextDocumentParams) -> None:
        empty = types.PublishDiagnosticsParams(params.text_document.uri, [])
        self._server.text_document_publish_diagnostics(empty)

    def _publish(self, uri: str) -> None:
        document, service = self._service(uri)
        found = [
            types.Diagnostic(
                _to_client(document, one.range),
                one.message,
                severity=_SEVERITIES[one.severity],
                source="otx",
            )
            for one in service.diagnostics(self._environment.variables)
        ]
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, version=document.version)
        )

    def _complete(self, params: types.CompletionParams) -> types.CompletionList:
        document, service = self._service(params.text_document.uri)
        position = _from_client(document, params.position)
        items = [_item(document, one) for one in service.completions(position)]
        # Not complete: more may fit once another character is typed.
        return types.CompletionList(is_incomplete=bool(items), items=items)

    def _hover(self, params: types.HoverParams) -> types.Hover | None:
        document, service = self._service(params.text_document.uri)
        found = service.hover(_from_client(document, params.position))
        if found is None:
            return None
        content = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(content, _to_client(document, found.range))

    def _format(self, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document, service = self._service(params.text_document.uri)
        try:
            formatted = format_file(service.source, service.name).text
        except OtxError:
            return []  # what is wrong is told by the diagnostics
        if formatted == service.source:
            return []
        end = types.Position(len(document.lines), 0)
        return [types.TextEdit(types.Range(types.Position(0, 0), end), formatted)]

    def _read(self, uri: str) -> tuple[TextDocument, str]:
        """A document as the editor has it; one that was not opened as it is on disk, or empty."""
        document = self._server.workspace.get_text_document(uri)
        try:
            return document, document.source
        except (OSError, ValueError):
            return TextDocument(uri, "", position_codec=document.position_codec), ""

    def _service(self, uri: str) -> tuple[TextDocument, LanguageService]:
        document, source = self._read(uri)
        name = PurePosixPath(unquote(urlsplit(uri).path)).name
        if document.language_id == LANGUAGE_ID and not name.endswith(".ottl"):
            name += ".ottl"
        return document, LanguageService(source, name, self._functions)


def _item(document: TextDocument, one: Completion) -> types.CompletionItem:
    candidate = one.candidate
    return types.CompletionItem(
        candidate.label,
        kind=_KINDS.get(candidate.kind),
        detail=candidate.detail or None,
        documentation=candidate.about or None,
        text_edit=types.TextEdit(_to_client(document, one.range), one.text),
    )


def _from_client(document: TextDocument, position: types.Position) -> Position:
    """A place in characters, from the units that the client counts in (UTF-16, if nothing else)."""
    found = document.position_from_client_units(position)
    return Position(found.line, found.character)


def _to_client(document: TextDocument, place: Range) -> types.Range:
    start = ServerTextPosition(place.start.line, place.start.column)
    end = ServerTextPosition(place.end.line, place.end.column)
    return document.range_to_client_units(ServerTextRange(start, end))
