"""One concrete network as a value: hashable, comparable, and the same after a trip through JSON.

    stem    convolution k x k, batch norm, ReLU6
    blocks  MBConv: 1x1 expansion, k x k depthwise, 1x1 projection, residual when shapes allow
    head    global average, fully connected

Sizes follow SAME padding: a stride s turns n rows into ceil(n / s).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from nas_keras.families import space
from nas_keras.families.space import HW


@dataclass(frozen=True)
class Stem:
    """The first convolution, dense, with ReLU6."""

    kernel: HW
    stride: HW
    channels: int


@dataclass(frozen=True)
class Block:
    """An MBConv block.

    mid_channels   channels of the depthwise convolution; equal to the block's input channels
                   means that there is no expansion convolution.
    stride         of the depthwise convolution; both axes alike, as TensorFlow demands.
    """

    mid_channels: int
    kernel: HW
    stride: int
    out_channels: int


@dataclass(frozen=True)
class PlacedBlock:
    """A block together with the shapes it meets in its network; sizes in elements."""

    block: Block
    in_hw: HW
    in_channels: int

    @property
    def out_hw(self) -> HW:
        return (-(-self.in_hw[0] // self.block.stride), -(-self.in_hw[1] // self.block.stride))

    @property
    def expands(self) -> bool:
        return self.block.mid_channels != self.in_channels

    @property
    def residual(self) -> bool:
        return self.block.stride == 1 and self.in_channels == self.block.out_channels


@dataclass(frozen=True)
class Arch(space.Arch):
    """A network: NHWC input of `input_shape` (rows, columns, channels), logits for `classes`."""

    input_shape: tuple[int, int, int]
    stem: Stem
    stages: tuple[tuple[Block, ...], ...]
    classes: int

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for stage in self.stages for block in stage)

    @property
    def stem_hw(self) -> HW:
        """Rows and columns after the stem."""
        return (-(-self.input_shape[0] // self.stem.stride[0]), -(-self.input_shape[1] // self.stem.stride[1]))

    def placed(self) -> Iterator[PlacedBlock]:
        """Every block with the shapes it meets, in order."""
        hw, channels = self.stem_hw, self.stem.channels
        for block in self.blocks:
            here = PlacedBlock(block, hw, channels)
            yield here
            hw, channels = here.out_hw, block.out_channels

    @property
    def features(self) -> int:
        """Channels that the classifier reads."""
        return self.blocks[-1].out_channels if self.stages else self.stem.channels

    def describe(self) -> str:
        """One line in the notation of `parse`, sizes first: `96x96x3 stem 16k3s2: 8e1k3 | 16e4k3s2 ... -> 10`."""
        stages, channels = [], self.stem.channels
        for stage in self.stages:
            tokens = []
            for block in stage:
                tokens.append(_token(block, channels))
                channels = block.out_channels
            stages.append(" ".join(tokens))
        rows, columns, depth = self.input_shape
        stem = f"{self.stem.channels}k{_hw(self.stem.kernel)}s{_hw(self.stem.stride)}"
        return f"{rows}x{columns}x{depth} stem {stem}: {' | '.join(stages)} -> {self.classes}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Arch:
        """The inverse of `to_json`, also for values that went through a JSON file."""
        stem = value["stem"]
        return cls(
            input_shape=_tuple(value["input_shape"]),
            stem=Stem(_tuple(stem["kernel"]), _tuple(stem["stride"]), stem["channels"]),
            stages=tuple(
                tuple(Block(b["mid_channels"], _tuple(b["kernel"]), b["stride"], b["out_channels"]) for b in stage)
                for stage in value["stages"]
            ),
            classes=value["classes"],
        )

    def key(self) -> str:
        """Canonical JSON text: equal for equal architectures, usable as a key in files."""
        return json.dumps(self.to_json(), separators=(",", ":"), sort_keys=True)


def round_channels(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of `divisor`, one step up where that loses more than 10 %, at least `divisor`.

    Source: the rounding rule of MobileNetV2, used by all published MCUNet networks.
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


_TOKEN = re.compile(r"(\d+)e(\d+)k(\d+)(?:s(\d+))?")


def parse(text: str, resolution: int, classes: int, stem_channels: int) -> Arch:
    """An architecture from tokens such as `16e4k5s2` (out channels, expansion, kernel, stride), stages split by `|`.

    The stem is 3x3 with stride 2 over a square RGB image, as in all published networks.
    Raises ValueError on a malformed token.
    """
    stages, channels = [], stem_channels
    for part in text.split("|"):
        stage = []
        for token in re.split(r"[,\s]+", part.strip()):
            match = _TOKEN.fullmatch(token)
            if match is None:
                raise ValueError(f"{token!r} is not of the form 16e4k5s2")
            out, expansion, kernel, stride = (int(g or 1) for g in match.groups())
            stage.append(Block(round_channels(channels * expansion), (kernel, kernel), stride, out))
            channels = out
        stages.append(tuple(stage))
    return Arch((resolution, resolution, 3), Stem((3, 3), (2, 2), stem_channels), tuple(stages), classes)


def _token(block: Block, in_channels: int) -> str:
    expansion = f"{block.mid_channels / in_channels:.3g}"
    return f"{block.out_channels}e{expansion}k{_hw(block.kernel)}" + (f"s{block.stride}" if block.stride > 1 else "")


def _hw(pair: HW) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"({pair[0]},{pair[1]})"


def _tuple(value: Any) -> Any:
    return tuple(int(v) for v in value)
