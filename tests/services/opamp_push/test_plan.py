"""What a push would do, told before it is done."""

from typing import Any

from otx.opamp.server.configuration import config_map
from otx.opamp.signing import SIGNATURE
from otx.services.opamp_push.plan import LONGEST_DIFF, difference, plan_lines
from otx.services.opamp_serve.client import RemoteFleet


def test_the_difference_is_between_objects_of_a_name() -> None:
    before = {"": "a: 1\nb: 2\n", "extra": "x: 1"}
    after = {"": "a: 1\nb: 3\n"}
    lines = difference(before, after)
    assert "-b: 2" in lines
    assert "+b: 3" in lines
    assert "-# object extra" in lines
    assert difference(after, after) == []
    long = difference({"": ""}, {"": "\n".join(map(str, range(500)))})
    assert len(long) == LONGEST_DIFF + 1
    assert long[-1].endswith("lines more")


def test_a_plan_is_held_against_what_agents_run_and_names_what_failed_elsewhere() -> None:
    places = ("changes", "in_sync", "away", "failed_before", "kept", "unable")
    plan: dict[str, Any] = {
        **{place: [] for place in places},
        **{"name": "c", "version": 2, "config": "ab" * 32, "selector": "", "stages": "100%"},
        **{"signed_by": ["k1"], "will_refuse": []},
        "changes": [{"uid": "u", "service": "s"}],
        "failed_elsewhere": [{"uid": "v", "service": "s", "reason": "no kafka"}],
    }

    class Fleet(RemoteFleet):
        def agents(self, selector: str) -> list[dict[str, Any]]:
            config = {"reported": "bad", "running": "good", "status": "failed"}
            return [{"uid": "u", "config": config}]

        def get(self, path: str) -> dict[str, Any]:
            assert path == "configs/good"
            return {"name": "c", "version": 1, "objects": {"": {"body": "a: 1"}}}

    config = config_map({"": (b"a: 2", ""), SIGNATURE: (b"ed25519 k1 x", "")})
    told = "\n".join(plan_lines(Fleet("http://nowhere:1"), plan, config))
    assert "c v2 (abababab): 1 agent, which is all of them\n" in told
    assert "  1 gets it: s u\n" in told
    assert "WARNING: 1 other agent reported FAILED for just this: no kafka" in told
    assert "which 1 runs:" in told
    assert "+a: 2" in told
    assert "  signed by key k1\n" in told
    assert "ed25519" not in told, "a signature is nothing to read"
    plan["changes"] = [{"uid": "u", "service": "evil\x1b[31m\n  2 forged" + "x" * 5_000}]
    lines = list(plan_lines(Fleet("http://nowhere:1"), plan, config))
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    assert not any(line.startswith("  2 forged") for line in lines)
    plan["changes"] = [{"uid": "u", "service": "s"}]
    plan["will_refuse"] = [{"uid": "u", "service": "s", "reason": "it trusts key k2"}]
    told = "\n".join(plan_lines(Fleet("http://nowhere:1"), plan, config))
    assert "WARNING: 1 will report FAILED: s u\n    it trusts key k2\n" in told
