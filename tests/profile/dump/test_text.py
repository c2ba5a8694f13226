"""A dump as people read it."""

from otx.profile.dump.text import write_text
from tests.profile.dump.dumps import DUMP, SPAN, TRACE

TEXT = f"""\
pid 42 shop: python3 shop.py
CPython 3.11, 4 threads, read in 4.1 ms

42 shop  cpu 1.250s, running, holds the GIL, trace {TRACE} span {SPAN}
    Cart.total (shop.py:12)  coroutine
          price = 7
          n = 'x'
    <module> (shop.py:30)  task pay

2 threads, sleeping in futex: mutex 0x7f33 held by 42
  43 worker  cpu 0.500s
  44 worker  cpu 0.250s
    futex_do_wait_[k]
    pthread_mutex_lock  libc.so.6
    <module> (shop.py:30)  task pay

45 gone\N{REPLACEMENT CHARACTER}[2J  cpu 0.000s, runnable, ran while it was read: frames may not \
belong together
    (the native stack is not whole)
    (no frames)
"""


def test_threads_that_are_alike_stand_together() -> None:
    assert write_text(DUMP, threads=False) == TEXT


def test_each_thread_stands_alone_where_that_is_wanted() -> None:
    text = write_text(DUMP, threads=True)
    assert "44 worker  cpu 0.250s, sleeping in futex: mutex 0x7f33 held by 42\n" in text
    assert text.count("futex_do_wait_[k]") == 2
