"""Says whether an offer is signed: `python -m otx.services.agent.verify FILE KEY…`, 0 for yes."""

import sys
from pathlib import Path

from otx.errors import ExitCode
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.signing import public_key, why_untrusted
from otx.output import write_last_words


def main(file: str, keys: list[str]) -> ExitCode:
    """Verify the offer in a file with the keys, which are in base64; the reason goes to stderr."""
    config = AgentConfigMap.FromString(Path(file).read_bytes())
    reason = why_untrusted(config, [public_key(key) for key in keys])
    if reason:
        write_last_words(reason)
        return ExitCode.NO
    return ExitCode.DONE


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
