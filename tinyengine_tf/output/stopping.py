"""Ctrl-C and termination: while files are prepared they unwind the stack, so that nothing is left behind; while files
are replaced they wait.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class _Stopped(BaseException):
    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def unwinding() -> Iterator[None]:
    """SIGTERM and SIGHUP, where they would end the process at once, end it after all `finally` blocks within."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
        return
    over = False

    def unwind(number: int, frame: FrameType | None) -> None:
        if not over:
            raise _Stopped(number)

    ours = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    stopped: int | None = None
    try:
        for number in ours:
            signal.signal(number, unwind)
        yield
    except _Stopped as error:
        stopped = error.number
    finally:
        over = True
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
    if stopped is not None:
        signal.raise_signal(stopped)


@contextmanager
def held() -> Iterator[None]:
    """Signals that came in between take effect at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    before = {}
    try:
        for number in (signal.SIGINT, *_ENDING):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, frame: pending.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in pending[:1]:
            signal.raise_signal(number)
