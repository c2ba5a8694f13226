"""The JSON form: stable keys, every frame, the heaviest stack first."""

import json

from otx.model.stack import Frame, ProfileStats
from otx.profile.formats import Profile
from otx.profile.formats.json import write_json


def test_the_document_has_stacks_and_stats() -> None:
    process = Frame("shop", "process")
    python = Frame("f", "python", "/srv/f.py", 3, "f.py")
    native = Frame("memcpy", "native", module="libc.so.6")
    stats = ProfileStats(5, 1, 2, 3, 4, 0.12345, 0.00123456789, 6, 2)
    profile = Profile({(process,): 1, (process, python, native): 4}, stats, 99, 2_500_000_000)
    assert json.loads(write_json(profile)) == {
        "event": "cpu",
        "unit": "samples",
        "frequency_hz": 99,
        "duration_s": 2.5,
        "stacks": [
            {
                "count": 4,
                "frames": [
                    {"name": "shop", "kind": "process"},
                    {
                        "name": "f",
                        "kind": "python",
                        "file": "/srv/f.py",
                        "line": 3,
                        "module": "f.py",
                    },
                    {"name": "memcpy", "kind": "native", "module": "libc.so.6"},
                ],
            },
            {"count": 1, "frames": [{"name": "shop", "kind": "process"}]},
        ],
        "stats": {
            "samples": 5,
            "lost": 1,
            "truncated": 2,
            "unwound_fully": 3,
            "unwind_tables": 6,
            "tables_missing": 2,
            "not_found": 4,
            "own_cpu_seconds": 0.123,
            "target_overhead": 0.001235,
        },
    }
