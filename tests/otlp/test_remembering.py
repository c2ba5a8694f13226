"""Short keys are answered once, long ones each time."""

from otx.otlp.remembering import remembering


def test_what_is_long_is_not_kept() -> None:
    asked: list[str] = []

    @remembering(most=2, longest=3)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    assert [length("abc"), length("abc"), length("abcd"), length("abcd")] == [3, 3, 4, 4]
    assert asked == ["abc", "abcd", "abcd"]


def test_so_many_are_kept() -> None:
    asked: list[bytes] = []

    @remembering(most=2)
    def itself(data: bytes) -> bytes:
        asked.append(data)
        return data

    for data in (b"a", b"b", b"a", b"c", b"b"):
        assert itself(data) == data
    assert asked == [b"a", b"b", b"c", b"b"]
