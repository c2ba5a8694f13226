"""What runs beside the screens of `otx tui`."""

import json
from dataclasses import replace
from pathlib import Path

from otx.environment import Environment
from otx.store.manifest import read_manifest
from otx.store.reader import Store
from otx.tui.company import keep_file

DAY_NS = 24 * 3600 * 10**9


def test_what_is_in_a_file_does_not_expire_however_old_it_is(
    environment: Environment, tmp_path: Path
) -> None:
    span = {"traceId": "01" * 16, "spanId": "02" * 8, "name": "old"}
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    file, store_dir = tmp_path / "old.json", tmp_path / "store"
    file.write_text(json.dumps(document))
    for clock in (lambda: 1, lambda: 3 * DAY_NS):
        keep_file(replace(environment, clock=clock), str(file), store_dir)
    store = Store(store_dir)
    assert store.totals().spans == 2
    assert read_manifest(store.layout.manifest).expired_rows == 0
