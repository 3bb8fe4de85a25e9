"""What an expression that reaches GetModel() turns out to be: Found | ReadAtRunTime | Unsure."""

from __future__ import annotations

from dataclasses import dataclass

from tflm_compat.migrate.unit import Branch


@dataclass(frozen=True)
class Place:
    """A line of a file; `path` is relative to the firmware's folder."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True)
class Definition:
    """Where an array lies.

    data      its bytes, None where they are not in the sources (the build makes them).
    private   why the library cannot define the array in its place; None where it can.
    step      what takes it out of the build, such as "drop model.cc from the build".
    """

    place: Place
    data: bytes | None = None
    private: str | None = None
    step: str | None = None


@dataclass(frozen=True)
class Found:
    """An array. `symbol` is its name for the linker or, in a namespace, for C++; `stem` what sources call it.

    branches   the #if branches, (file, branch), that it takes to get there.
    """

    symbol: str
    used: Place
    definitions: tuple[Definition, ...] = ()
    stem: str = ""
    branches: tuple[tuple[str, Branch], ...] = ()
    kept: str | None = None

    @property
    def private(self) -> str | None:
        """Why the array has to stay in the firmware (and the library is found by content)."""
        return self.kept or next((d.private for d in self.definitions if d.private), None)

    @property
    def data(self) -> bytes | None:
        """Its content, where all definitions agree."""
        contents = {d.data for d in self.definitions}
        return next(iter(contents)) if len(contents) == 1 else None

    def excludes(self, other: Found) -> bool:
        """Do they stand in different branches of one #if, so that no program holds both?"""
        taken = {(path, number): which for path, branch in self.branches for number, which in branch}
        return any(
            taken.get((path, number), which) != which for path, branch in other.branches for number, which in branch
        )


@dataclass(frozen=True)
class ReadAtRunTime:
    """The model comes from a file, a flash partition, the network: `how` says which call or buffer shows it."""

    how: str
    place: Place


@dataclass(frozen=True)
class Unsure:
    """It could not be followed; `reason` is a clause such as "nothing in the folder assigns model_"."""

    reason: str
    place: Place


Outcome = Found | ReadAtRunTime | Unsure
