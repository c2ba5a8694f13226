"""Connection settings from a file."""

import pytest

from otx.environment import Environment
from otx.errors import UsageError
from otx.services.opamp_push.settings import read_settings_file


def test_settings_are_a_mapping(environment: Environment) -> None:
    (environment.cwd / "list.yaml").write_text("- a\n")
    with pytest.raises(UsageError, match="no mapping"):
        read_settings_file(environment, "list.yaml")
