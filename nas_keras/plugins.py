"""Kinds of things that others may add: a table of our own classes, and what installed packages register beside them.

    [options.entry_points]
    nas_keras.strategies =
        hill = mypackage.hill:HillClimbing

A class is imported when it is asked for, so a list of names costs nothing. One that nobody registered is asked for by
its place, "mypackage.hill:HillClimbing".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tinyengine_tf.errors import UsageError


@dataclass(frozen=True, eq=False)
class Registry(Mapping[str, type]):
    """Name -> class, those of this package first: a name of ours cannot be taken by another package.

    kind       what one is called in messages.
    group      of the entry points by which other packages register theirs.
    own        name -> "module:Class".
    """

    kind: str
    group: str
    own: Mapping[str, str]

    def __getitem__(self, name: str) -> type:
        """Raises KeyError for a name that nobody has, UsageError for a class that cannot be imported."""
        point = EntryPoint(name, name, self.group) if ":" in name else self._points[name]
        try:
            found: Any = point.load()
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"the {self.kind} {name} ({point.value}) cannot be imported: {error}",
                where=self.kind,
                hint="give module:Class of an installed package"
                if ":" in name
                else "repair or remove the package that registers it",
            ) from error
        if not isinstance(found, type):
            raise UsageError(f"{name} ({point.value}) is no class", where=self.kind)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def find(self, name: str) -> type:
        """As `self[name]`, but a name that nobody has is a UsageError that lists the others."""
        if name not in self:
            raise UsageError(f"{self.kind} is {name!r}", hint=f"one of {', '.join(self)}")
        return self[name]

    @cached_property
    def _points(self) -> dict[str, EntryPoint]:
        theirs = {point.name: point for point in entry_points(group=self.group)}
        ours = {name: EntryPoint(name, place, self.group) for name, place in self.own.items()}
        return ours | {name: point for name, point in theirs.items() if name not in ours}
