"""The steps of a search on one screen: each says that it begins, how it went, and how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Screen:
    """Prints numbered stages to standard error; silent unless `verbose`."""

    def __init__(self, count: int, verbose: bool):
        self.count, self.verbose, self.number = count, verbose, 0

    @contextmanager
    def stage(self, title: str) -> Iterator[list[str]]:
        """A stage; what the body appends to the list is printed at its end."""
        self.number += 1
        self.say(f"[{self.number}/{self.count}] {title}")
        notes: list[str] = []
        begin = time.monotonic()
        yield notes
        for note in notes:
            self.say("      " + note.replace("\n", "\n      "))
        self.say(f"      done in {_duration(time.monotonic() - begin)}")

    def say(self, text: str) -> None:
        if self.verbose:
            print(text, file=sys.stderr, flush=True)

    def count_up(self, done: int, total: int, note: str = "") -> None:
        """A line that overwrites itself, on a terminal; elsewhere ten lines in all."""
        if not self.verbose:
            return
        if sys.stderr.isatty():
            print(f"\r      {done}/{total} {note:<60}", end="\n" if done == total else "", file=sys.stderr, flush=True)
        elif done == total or done % max(total // 10, 1) == 0:
            print(f"      {done}/{total} {note}", file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
