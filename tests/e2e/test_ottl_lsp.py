"""`otx ottl lsp`: an editor's conversation over stdio, framed by hand."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

CONFIG = """\
# Ünïcode in a comment 🙂
processors:
  transform/names:
    trace_statements:
      - context: span
        statements:
          - set(attributes["🙂"], nam)
          - 'replace_pattern(name, "/[0-9]+", "/{id}")'
"""
URI = "file:///tmp/collector.yaml"


class Editor:
    """A language client: requests with their answers, and what comes of itself."""

    def __init__(self, variables: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "otx", "ottl", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=variables,
        )
        self._number = 0
        self._waiting: list[dict[str, Any]] = []

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params or {}})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """A request's result."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method}
        self._send({**message, **({"params": params} if params is not None else {})})
        answer = self._receive(lambda one: one.get("id") == self._number and "method" not in one)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def told(self, method: str) -> dict[str, Any]:
        """The parameters of the next notification of a kind."""
        params: dict[str, Any] = self._receive(lambda one: one.get("method") == method)["params"]
        return params

    def open(self, text: str, uri: str = URI, language: str = "yaml") -> list[dict[str, Any]]:
        """Open a file; its diagnostics."""
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(uri)

    def diagnostics(self, uri: str = URI) -> list[dict[str, Any]]:
        told = self.told("textDocument/publishDiagnostics")
        assert told["uri"] == uri
        found: list[dict[str, Any]] = told["diagnostics"]
        return found

    def complete(self, line: int, character: int, uri: str = URI) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(
            "textDocument/completion", _place(uri, line, character)
        )["items"]
        return found

    def hover(self, line: int, character: int, uri: str = URI) -> Any:
        return self.ask("textDocument/hover", _place(uri, line, character))

    def format(self, uri: str = URI) -> Any:
        options = {"tabSize": 2, "insertSpaces": True}
        return self.ask(
            "textDocument/formatting", {"textDocument": {"uri": uri}, "options": options}
        )

    def leave(self) -> int:
        """End the conversation; the exit code."""
        self.ask("shutdown")
        self.notify("exit")
        return self.process.wait(30)

    def close(self) -> None:
        """Let go of the streams; a server that is gone does not mind."""
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self, is_wanted: Any) -> dict[str, Any]:
        while True:
            for at, message in enumerate(self._waiting):
                if is_wanted(message):
                    return self._waiting.pop(at)
            assert self.process.stdout is not None
            self._waiting.append(_read_message(self.process.stdout))


def _read_message(stream: IO[bytes]) -> dict[str, Any]:
    size = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    assert size, "the server closed the conversation"
    message: dict[str, Any] = json.loads(stream.read(size))
    return message


def _place(uri: str, line: int, character: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


@pytest.fixture
def editor(cli_variables: dict[str, str], tmp_path: Path) -> Iterator[Editor]:
    """An editor that has introduced itself."""
    made = Editor(cli_variables, tmp_path)
    try:
        answer = made.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        capabilities = answer["capabilities"]
        assert capabilities["hoverProvider"]
        assert "." in capabilities["completionProvider"]["triggerCharacters"]
        made.notify("initialized")
        yield made
    finally:
        made.process.kill()
        made.close()


def test_a_configuration_has_its_faults_at_their_places(editor: Editor) -> None:
    (fault,) = editor.open(CONFIG)
    assert fault["severity"] == 1
    assert fault["source"] == "otx"
    assert fault["message"] == "'nam' is no path of the context span\nhint: did you mean name?"
    # The picture before it counts as two, as the protocol wants it.
    assert fault["range"] == {
        "start": {"line": 6, "character": 34},
        "end": {"line": 6, "character": 37},
    }


def test_faults_come_and_go_as_the_file_changes(editor: Editor) -> None:
    assert editor.open(CONFIG)
    place = {"line": 6, "character": 37}
    change = {"range": {"start": place, "end": place}, "text": "e"}
    document = {"uri": URI, "version": 2}
    editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    assert editor.diagnostics() == []
    editor.notify(
        "textDocument/didChange",
        {"textDocument": {**document, "version": 3}, "contentChanges": [{"text": "a: [\n"}]},
    )
    (fault,) = editor.diagnostics()
    assert "no YAML" in fault["message"]
    editor.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert editor.diagnostics() == []


def test_a_path_is_completed_in_yaml_that_is_not_finished(editor: Editor) -> None:
    text = CONFIG[: CONFIG.index("      - context")] + "      - 'set(span.na"
    editor.open(text)
    (name,) = editor.complete(4, 20)
    assert (name["label"], name["detail"]) == ("name", "string")
    assert name["textEdit"] == {
        "range": {"start": {"line": 4, "character": 18}, "end": {"line": 4, "character": 20}},
        "newText": "name",
    }


def test_a_function_is_explained_where_it_stands(editor: Editor) -> None:
    editor.open(CONFIG)
    found = editor.hover(7, 20)
    assert found["contents"]["kind"] == "markdown"
    assert "replace_pattern(target, regex_pattern, replacement" in found["contents"]["value"]
    assert found["range"] == {
        "start": {"line": 7, "character": 13},
        "end": {"line": 7, "character": 28},
    }
    assert editor.hover(0, 3) is None


def test_a_file_that_was_not_opened_is_read_or_empty(editor: Editor, tmp_path: Path) -> None:
    there = tmp_path / "there.ottl"
    there.write_text('set( span.name, "a")\n')
    assert "set(target, value)" in editor.hover(0, 1, there.as_uri())["contents"]["value"]
    (edit,) = editor.format(there.as_uri())
    assert edit["newText"] == 'set(span.name, "a")\n'
    for nowhere in ((tmp_path / "nowhere.ottl").as_uri(), "untitled:None"):
        assert editor.hover(3, 1, nowhere) is None
        assert not editor.format(nowhere)
        editor.complete(0, 0, nowhere)


def test_files_of_statements_are_known_by_ending_or_language(editor: Editor) -> None:
    text = 'set(span.name, "a")\nset(span.kind, SPAN_KIND_S)\n'
    for uri, language in (("file:///tmp/a%20b.ottl", "plaintext"), ("untitled:One", "ottl")):
        (fault,) = editor.open(text, uri, language)
        assert fault["range"]["start"] == {"line": 1, "character": 15}
        labels = [one["label"] for one in editor.complete(1, 26, uri)]
        assert labels == ["SPAN_KIND_SERVER"]


def test_other_yaml_is_left_alone(editor: Editor) -> None:
    assert editor.open("name: set(\nlist: [1, 2]\n") == []
    assert editor.complete(0, 10) == []


def test_a_file_is_formatted(editor: Editor) -> None:
    editor.open('- set( span.name,"a")\n')
    (edit,) = editor.format()
    assert edit["newText"] == '- set(span.name, "a")\n'


def test_it_ends_when_the_editor_does(editor: Editor) -> None:
    editor.open(CONFIG)
    assert editor.leave() == 0
    assert editor.process.stderr is not None
    assert editor.process.stderr.read() == b""


def test_it_ends_when_the_editor_is_gone(editor: Editor) -> None:
    assert editor.process.stdin is not None
    editor.process.stdin.close()
    assert editor.process.wait(30) == 0
