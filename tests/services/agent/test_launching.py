"""What a configuration is run as."""

from pathlib import Path

import pytest

from otx.errors import UsageError
from otx.services.agent.health import Check
from otx.services.agent.launching import Launching
from otx.services.agent.options import Supervised
from otx.services.agent.section import Section

COLLECTOR = Supervised.of(("otelcol",), None, None)
CHECKED = b"extensions: {health_check: {}}\nservice: {extensions: [health_check]}\n"


def test_a_command_gets_the_path_of_its_configuration(tmp_path: Path) -> None:
    launching = Launching(Supervised(("x", "-c={config}"), (), False), tmp_path)
    plan = launching.plan(b"a: 1", Section())
    assert plan.words == ("x", f"-c={tmp_path}/effective.yaml")
    assert (plan.check, launching.why_idle(plan)) == (None, "")


def test_one_that_needs_a_configuration_is_not_run_without(tmp_path: Path) -> None:
    launching = Launching(Supervised(("x", "{config}"), (), False), tmp_path)
    plan = launching.plan(None, Section())
    assert plan.words == ()
    assert "no configuration" in launching.why_idle(plan)
    assert Launching(Supervised(("x",), (), False), tmp_path).plan(None, Section()).words == ("x",)


def test_health_is_asked_where_the_section_says_else_where_the_collector_does(
    tmp_path: Path,
) -> None:
    launching = Launching(COLLECTOR, tmp_path)
    own = Section(health_url="http://127.0.0.1:9/up")
    assert launching.plan(CHECKED, own).check == Check("127.0.0.1", 9, "/up")
    assert launching.plan(CHECKED, Section()).check == Check("localhost", 13133, "/")
    assert launching.plan(b"a: 1", Section()).check is None


def test_without_a_command_it_is_otxs_own_parts(tmp_path: Path) -> None:
    launching = Launching(Supervised((), (), False), tmp_path)
    plan = launching.plan(b"receive: {http: 127.0.0.1:7, transform: {a: 1}}", Section())
    assert "receive" in plan.words
    assert (tmp_path / "transform.yaml").exists()
    assert launching.why_idle(launching.plan(None, Section())) == ""
    with pytest.raises(UsageError):
        launching.plan(b"nothing: {}", Section())
