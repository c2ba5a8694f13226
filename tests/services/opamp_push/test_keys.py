"""Files of private keys: for their owner alone, and never replaced."""

from pathlib import Path

import pytest

from otx.errors import MachineError, UsageError
from otx.opamp.signing import key_name, private_pem
from otx.services.opamp_push.keys import make_key_file, read_key_file


def test_a_key_is_kept_for_its_owner_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "my.key"
    made = make_key_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    said: list[str] = []
    read = read_key_file(path, lambda text, hint: said.append(text + hint))
    assert key_name(read) == key_name(made)
    assert said == []
    with pytest.raises(UsageError, match="never replaced"):
        make_key_file(path)
    assert path.read_bytes() == private_pem(made)
    path.chmod(0o640)
    read_key_file(path, lambda text, hint: said.append(text + hint))
    assert "chmod 600" in said[0]


def test_what_is_no_key_is_told_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "k"
    for body in (b"", b"words", b"\xff\xfe"):
        path.write_bytes(body)
        with pytest.raises(UsageError, match=f"{path}"):
            read_key_file(path, lambda text, hint: None)
    with pytest.raises(UsageError, match="cannot read"):
        read_key_file(tmp_path / "nothing", lambda text, hint: None)
    with pytest.raises(MachineError, match="cannot write"):
        make_key_file(path / "below a file")
