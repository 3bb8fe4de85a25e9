"""Arguments of a search -> Request: data loaded, limits in numbers, everything checked before any work."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nas_keras.budget import SearchBudget
from nas_keras.cost.footprint import CostModel, Limits
from nas_keras.cost.latency import work_limit
from nas_keras.data import Augment, Coding, Data, load, resize, shift_images
from nas_keras.space.space import Grid
from tinyengine_tf import UsageError
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
    strategy: str
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
            "strategy": self.strategy,
            "seed": self.seed,
            "cost": self.cost.name,
            "grid": self.grid.to_json(),
        }

    def at(self, resolution: tuple[int, int]) -> Request:
        """The same request with all data resampled to `resolution`."""
        train, val = (replace(data, x=resize(data.x, resolution)) for data in (self.train, self.val))
        return replace(self, train=train, val=val)


def device_limits(
    target: str,
    sram: int | None,
    flash: int | None,
    max_macs: int | None = None,
    max_instructions: int | None = None,
    max_latency: float | None = None,
) -> tuple[Target, Limits]:
    """The target, and its limits: what is given, or what the board has less a reserve; of two on work, the lower."""
    device = load_target(target)
    work = {} if max_latency is None else work_limit(max_latency, device)
    instructions = [limit for limit in (max_instructions, work.get("instructions")) if limit is not None]
    return device, Limits(
        sram_bytes=_default_limit("sram", sram, device.one_piece_bytes, RESERVED_RAM_BYTES),
        flash_bytes=_default_limit("flash", flash, device.flash_bytes, RESERVED_FLASH_BYTES),
        instructions=min(instructions, default=None),
        macs=max_macs,
        cycles=work.get("cycles"),
    )


def _default_limit(name: str, given: int | None, of_board: int | None, reserved: int) -> int:
    limit = given if given is not None or of_board is None else of_board - reserved
    if limit is None:
        raise UsageError(
            f"a bare core has no {name} limit of its own", where=name, hint=f"give {name}=BYTES, or name a board"
        )
    if limit <= 0:
        raise UsageError(f"{limit} bytes", where=name, hint="a positive number of bytes")
    return limit


def own_folder(workdir: Path, distribute: tf.distribute.Strategy | None) -> Path:
    """`workdir`, or a folder in it for a worker that is not the chief."""
    if distribute is None:
        return workdir
    from nas_keras.supernet.training import worker_number

    number = worker_number(distribute)
    return workdir / f"worker{number}" if number else workdir


def load_both(train_data: Any, val_data: Any, classes: int | None) -> tuple[Data, Data, int]:
    """(training data, validation data, number of classes)."""
    train = load(train_data, where="train_data", classes=classes)
    count = classes or max(int(train.y.max()) + 1, 2)
    val = load(val_data, where="val_data", classes=count)
    if train.shape != val.shape or train.x.dtype != val.x.dtype:
        raise UsageError(
            f"{train.x.dtype} {train.shape} and {val.x.dtype} {val.shape}",
            where="train_data, val_data",
            hint="both need the same shape and type",
        )
    return train, val, count


def choose_augment(given: str | Augment | None, train: Data) -> Augment | None:
    """For "auto" shifts by an eighth for square uint8 images, mirrored too when they have colours."""
    if not isinstance(given, str):
        return given
    if given != "auto":
        raise UsageError(f"augment is {given!r}", hint='"auto", None, or a function (x, rng) -> x')
    rows, columns, channels = train.shape
    images = train.x.dtype == np.uint8 and rows == columns >= 16
    return shift_images(rows // 8, flip=channels == 3) if images else None
