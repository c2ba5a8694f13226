"""What guards a receiver, and what is told when its files change."""

from pathlib import Path

from otx.otlp.receiver.tls import TlsFiles
from otx.services.receive_door import DoorOptions, GuardedDoor
from tests.services.odd_servers import make_certificate


def test_certificates_are_read_again_or_stay_as_they_were(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    notes: list[str] = []
    warnings: list[str] = []
    files = TlsFiles(Path(certificate.certificate), Path(certificate.key))
    guarded = GuardedDoor(DoorOptions(tls=files), warnings.append, notes.append)
    assert guarded.hears_hangup
    guarded.renew()
    assert (notes, warnings) == (["read the certificates again"], [])
    Path(certificate.key).unlink()
    guarded.renew()
    assert len(warnings) == 1
    assert warnings[0].startswith("the certificates stay as they were: cannot use ")


def test_tokens_are_read_again_when_their_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first-token\n")
    notes: list[str] = []
    warnings: list[str] = []
    guarded = GuardedDoor(DoorOptions(token_file=file), warnings.append, notes.append)
    guarded.look()
    assert (notes, warnings) == ([], [])
    file.write_text("other-token\n")
    guarded.look()
    assert notes == ["read the tokens again"]
    file.write_text("")
    guarded.look()
    guarded.look()
    assert len(warnings) == 1
    assert guarded.door.tokens is not None
    assert guarded.door.tokens.allow("Bearer other-token")


def test_an_open_door_has_nothing_to_look_after() -> None:
    said: list[str] = []
    guarded = GuardedDoor(DoorOptions(), said.append, said.append)
    guarded.renew()
    guarded.look()
    guarded.door.admit("127.0.0.1", "")
    assert not guarded.hears_hangup
    assert said == []
