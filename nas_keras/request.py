"""Arguments of a search -> Request: data loaded, limits in numbers, everything checked before any work."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas_keras.augmentation import effect
from nas_keras.budget import SearchBudget
from nas_keras.cost.footprint import CostModel, Limits
from nas_keras.cost.latency import work_limit
from nas_keras.data import Augment, Coding, Data, resize
from nas_keras.families.base import Family
from nas_keras.families.space import Grid
from nas_keras.loading import load
from nas_keras.search.strategy import Strategy
from tinyengine_tf import UsageError, __version__
from tinyengine_tf.regions import parse_size
from tinyengine_tf.target import Target, load_target

if TYPE_CHECKING:
    import tensorflow as tf

RESERVED_RAM_BYTES = 8 * 1024
RESERVED_FLASH_BYTES = 64 * 1024


@dataclass(frozen=True, eq=False, kw_only=True)
class Request:
    """Everything a search needs, checked."""

    train: Data
    val: Data
    coding: Coding
    target: Target
    limits: Limits
    budget: SearchBudget
    family: Family
    strategy: Strategy
    seed: int
    workdir: Path
    supernet_dir: Path
    grid: Grid
    augment: Augment | None
    cost: CostModel
    workers: int
    ray: str | None
    distribute: tf.distribute.Strategy | None

    def fingerprint(self) -> dict[str, Any]:
        """What decides the outcome; a folder belongs to one fingerprint."""
        data = {
            name: [list(d.x.shape), str(d.x.dtype), zlib.crc32(d.x.tobytes()), zlib.crc32(d.y.tobytes())]
            for name, d in (("train", self.train), ("val", self.val))
        }
        return {
            "data": data,
            "target": self.target.name,
            "limits": asdict(self.limits),
            "budget": asdict(self.budget),
            "family": self.family.name,
            "strategy": {"class": type(self.strategy).__name__} | asdict(self.strategy),
            "augment": effect(self.augment, self.train),
            "seed": self.seed,
            "cost": self.cost.name,
            "grid": self.grid.to_json(),
            "version": __version__,
        }

    def at(self, resolution: tuple[int, int]) -> Request:
        """The same request with all data resampled to `resolution`."""
        train, val = (replace(data, x=resize(data.x, resolution)) for data in (self.train, self.val))
        return replace(self, train=train, val=val)


def device_limits(
    target: str,
    sram: int | str | None,
    flash: int | str | None,
    max_macs: int | None = None,
    max_instructions: int | None = None,
    max_latency: float | None = None,
) -> tuple[Target, Limits]:
    """The target, and its limits: what is given, or what the board has less a reserve; of two on work, the lower.

    Sizes are bytes, or text such as "64KB". Raises UsageError for more than the board has.
    """
    device = load_target(target)
    for name, value in (("max_macs", max_macs), ("max_instructions", max_instructions)):
        if value is not None and value <= 0:
            raise UsageError(f"{value}", where=name, hint="a positive number")
    work = {} if max_latency is None else work_limit(max_latency, device)
    instructions = [limit for limit in (max_instructions, work.get("instructions")) if limit is not None]
    return device, Limits(
        sram_bytes=_size_limit("sram", sram, device, device.one_piece_bytes, device.ram_bytes, RESERVED_RAM_BYTES),
        flash_bytes=_size_limit("flash", flash, device, device.flash_bytes, device.flash_bytes, RESERVED_FLASH_BYTES),
        instructions=min(instructions, default=None),
        macs=max_macs,
        cycles=work.get("cycles"),
    )


def _size_limit(
    name: str, given: int | str | None, device: Target, usual: int | None, most: int | None, reserved: int
) -> int:
    """Bytes: what is given, no more than `most`; else `usual` less `reserved`."""
    if isinstance(given, str):
        given = parse_size(given)
    if given is None and usual is None:
        raise UsageError(
            f"a bare core has no {name} limit of its own", where=name, hint=f"give {name}=BYTES, or name a board"
        )
    limit = usual - reserved if given is None else given
    if limit <= 0:
        raise UsageError(f"{limit} bytes", where=name, hint="a positive number of bytes")
    if most is not None and limit > most:
        raise UsageError(
            f"{limit:,} bytes, {device.name} has {most:,}",
            where=name,
            hint=f"at most that, or name the core, {device.core}",
        )
    return limit


def own_folder(workdir: Path, distribute: tf.distribute.Strategy | None) -> Path:
    """`workdir`, or a folder in it for a worker that is not the chief."""
    if distribute is None:
        return workdir
    from nas_keras.train.supernet import worker_number

    number = worker_number(distribute)
    return workdir / f"worker{number}" if number else workdir


def load_both(train_data: Any, val_data: Any, classes: int | None) -> tuple[Data, Data, int]:
    """(training data, validation data, number of classes). Without `classes`, the training data must have them all."""
    train = load(train_data, where="train_data", classes=classes)
    present = np.unique(train.y)
    if len(present) < 2:
        raise UsageError(
            f"every label is {present[0]}", where="train_data", hint="two classes at least; check how y was loaded"
        )
    count = classes or int(present[-1]) + 1
    if classes is None and len(present) < count:
        missing = np.setdiff1d(np.arange(count), present)
        raise UsageError(
            f"labels run from {present[0]} to {present[-1]}, but of these classes {_listed(missing)} never occur",
            where="train_data",
            hint="number the classes 0, 1, 2, ...: y = np.unique(y, return_inverse=True)[1]; "
            f"or say classes={count} if they exist",
        )
    val = load(val_data, where="val_data", classes=count)
    if train.shape != val.shape or train.x.dtype != val.x.dtype:
        raise UsageError(
            f"{train.x.dtype} {train.shape} and {val.x.dtype} {val.shape}",
            where="train_data, val_data",
            hint="both need the same shape and type",
        )
    return train, val, count


def _listed(numbers: np.ndarray) -> str:
    """The first few of them."""
    return ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")


def check_seed(seed: int) -> int:
    """A whole number that is not negative, as every generator needs it."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise UsageError(f"{seed!r}", where="seed", hint="a whole number, 0 or above")
    return int(seed)


def choose_grid(family: Family, grid: Grid | None, shape: tuple[int, int, int], classes: int) -> Grid:
    """The one that is given, checked against the family and the data, or the family's own for the data."""
    if grid is None:
        return family.grid_for(shape, classes)
    if not isinstance(grid, Grid) or grid.layout.family != family.name:
        found = f"of the family {grid.layout.family}" if isinstance(grid, Grid) else f"a {type(grid).__name__}"
        raise UsageError(f"a grid {found}, the family is {family.name}", where="grid")
    if grid.layout.classes != classes:
        raise UsageError(f"a grid for {grid.layout.classes} classes, data of {classes}", where="grid")
    return grid
