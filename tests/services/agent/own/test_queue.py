"""What waits to be sent: in order, bounded, and its losses counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from otx.opamp.opamp_pb2 import TelemetryConnectionSettings
from otx.services.agent.own.destination import Destination
from otx.services.agent.own.queue import LONGEST, MOST_AT_ONCE, Queue
from tests.services.agent.http_receiver import http_receiver

PATIENCE_S = 20.0


def encode(items: Sequence[int], lost: int) -> bytes:
    return json.dumps([lost, *items]).encode()


def queue_to(url: str) -> Queue[int]:
    destination = Destination("logs", lambda text: None)
    destination.aim(TelemetryConnectionSettings(destination_endpoint=url), allows_insecure=False)
    return Queue(destination, encode)


@asynccontextmanager
async def running(queue: Queue[int]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(queue.run(wait_s=0.01))
        try:
            yield
        finally:
            task.cancel()


async def until(bodies: list[bytes], count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(bodies) < count:
            await asyncio.sleep(0.005)


async def test_what_came_before_there_was_a_destination_is_sent() -> None:
    with http_receiver(200) as (url, bodies):
        destination = Destination("logs", lambda text: None)
        queue: Queue[int] = Queue(destination, encode)
        queue.put(1)
        async with running(queue):
            settings = TelemetryConnectionSettings(destination_endpoint=url)
            destination.aim(settings, allows_insecure=False)
            await until(bodies, 1)
            queue.put(2)
            await until(bodies, 2)
    assert [json.loads(one) for one in bodies] == [[0, 1], [0, 2]]


async def test_a_request_that_nobody_took_is_sent_again_before_what_came_after_it() -> None:
    with http_receiver(503, 503, 200) as (url, bodies):
        queue = queue_to(url)
        queue.put(1)
        async with running(queue):
            await until(bodies, 3)
            queue.put(2)
            await until(bodies, 4)
    assert [json.loads(one) for one in bodies] == [[0, 1], [0, 1], [0, 1], [0, 2]]
    assert queue.lost == 0


async def test_what_is_refused_is_lost_and_told_with_the_next() -> None:
    with http_receiver(400, 200) as (url, bodies):
        queue = queue_to(url)
        for item in (1, 2):
            queue.put(item)
        await queue.flush()
        queue.put(3)
        await queue.flush()
    assert [json.loads(one) for one in bodies] == [[0, 1, 2], [2, 3]]
    assert queue.lost == 2


async def test_too_many_push_out_the_oldest_and_are_counted() -> None:
    with http_receiver(200) as (url, bodies):
        queue = queue_to(url)
        for item in range(LONGEST + 7):
            queue.put(item)
        await queue.flush()
    sent = [json.loads(one) for one in bodies]
    assert [one[0] for one in sent] == [7, *[0] * (len(sent) - 1)]
    assert [item for one in sent for item in one[1:]] == list(range(7, LONGEST + 7))
    assert max(map(len, sent)) <= MOST_AT_ONCE + 1
    assert queue.lost == 7
