"""A burst, then one each interval."""

from otx.opamp.client.bucket import Bucket


def test_a_burst_then_one_each_interval() -> None:
    bucket = Bucket(3, 10)
    assert [bucket.take(100) for _ in range(5)] == [True, True, True, False, False]
    assert bucket.ready_at_ns() == 110
    assert not bucket.take(109)
    assert bucket.take(110)
    assert not bucket.take(110)
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]
