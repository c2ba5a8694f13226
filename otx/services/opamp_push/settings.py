"""Connection settings from a file."""

from otx.environment import Environment
from otx.errors import UsageError
from otx.opamp.server.documents import Document
from otx.services.opamp_push.objects import check_yaml, read_file


def read_settings_file(environment: Environment, path: str) -> Document:
    """Connection settings of a file in YAML, of which JSON is a part.

    Raises:
        UsageError: It cannot be read, or is no mapping.
    """
    body = read_file(environment, path)
    check_yaml(body, path)
    import yaml

    wanted = yaml.safe_load(body)
    if not isinstance(wanted, dict):
        raise UsageError(f"{path}: error: no mapping", hint="opamp: {endpoint: …, headers: {…}}")
    return wanted
