"""Blocks of pixels to channels or batches, and back: SPACE_TO_DEPTH, SPACE_TO_BATCH_ND, and their inverses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tinyengine_tf.ir import DType, Op, Tensor
from tinyengine_tf.ops.base import RawOpLike, Reject, Rule, operator
from tinyengine_tf.ops.pad import Pad
from tinyengine_tf.ops.slice import BOX_RULES, CONSTANT, Slice, constant_integers
from tinyengine_tf.ops.strided_copy import StridedCopy, packed_strides

BLOCK_SIZE = Rule("tensors have four dimensions and the block size is at least 1")
BLOCKS = Rule("every block of pixels becomes the channels of one pixel")
SPATIAL = Rule("there are one or two spatial dimensions, each with its block and edges")
POSITIVE = Rule("blocks are at least 1 and edges at least 0")
DIVIDES = Rule("the padded image divides into blocks")
CROPPED = Rule("batches divide into blocks and the output is what the crop leaves")


def blocks(raw: RawOpLike, small: Tensor, large: Tensor) -> int:
    """The block size; `small` has the fewer pixels."""
    block = raw.options["block_size"]
    if len(small.shape) != 4 or len(large.shape) != 4 or block < 1:
        raise Reject(BLOCK_SIZE, f"{small}, {large}, block {block}")
    n, h, w, c = small.shape
    if large.shape != (n, h * block, w * block, c // block**2) or c % block**2:
        raise Reject(BLOCKS, f"{large} and {small}, block {block}")
    return block


@operator("SPACE_TO_DEPTH")
@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceToDepth(StridedCopy):
    """The pixels of every block, row by row, become the channels of one pixel."""

    RULES: ClassVar = (
        BLOCK_SIZE,
        BLOCKS,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        block = blocks(raw, y, x)
        n, h, w, c = x.shape
        row, image = w * c, h * w * c
        sizes = (n, h // block, w // block, block, block, c)
        return (cls(inputs=(x,), outputs=outputs, sizes=sizes, strides=(image, block * row, block * c, row, c, 1)),)


@operator("DEPTH_TO_SPACE")
@dataclass(frozen=True, kw_only=True, eq=False)
class DepthToSpace(StridedCopy):
    """The channels of one pixel become a block of pixels, row by row."""

    RULES: ClassVar = (
        BLOCK_SIZE,
        BLOCKS,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, y = inputs[0], outputs[0]
        assert x is not None
        block = blocks(raw, x, y)
        n, h, w, c = x.shape
        row, image, depth = w * c, h * w * c, y.shape[3]
        sizes = (n, h, block, w, block, depth)
        return (cls(inputs=(x,), outputs=outputs, sizes=sizes, strides=(image, row, block * depth, c, depth, 1)),)


def spatial(raw: RawOpLike, inputs: tuple[Tensor | None, ...]) -> tuple[Tensor, list[int], list[tuple[int, int]]]:
    """Data, block of each spatial dimension, and (before, after) of each: padding or crop."""
    x = inputs[0]
    block = constant_integers(inputs[1], "the block shape")
    edges = constant_integers(inputs[2], "padding or crop")
    if x is None or len(x.shape) not in (3, 4) or len(block) != len(x.shape) - 2 or len(edges) != 2 * len(block):
        raise Reject(SPATIAL, f"{x}, {block}, {edges}")
    if min(block) < 1 or min(edges) < 0:
        raise Reject(POSITIVE, f"{block}, {edges}")
    return x, block, list(zip(edges[::2], edges[1::2], strict=True))


@operator(
    "SPACE_TO_BATCH_ND",
    needs=3,
    summaries={
        "SPACE_TO_BATCH_ND": "Padding, then each position within a block becomes a batch of its own. The padding is "
        "the zero point, as in TFLite; TFLM leaves it undefined, so that `verify` may differ from it there."
    },
)
@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceToBatch(StridedCopy):
    """Padding, then each position within a block becomes a batch of its own.

    The padding is the quantised zero, as TFLite means it; TFLM fills it with uninitialised memory.

    padded   whether there was any
    """

    padded: bool = False

    @property
    def caveat(self) -> str:
        if not self.padded:
            return ""
        return "TFLM leaves SPACE_TO_BATCH_ND's padding undefined; here it is the zero point, as in TFLite"

    RULES: ClassVar = (
        CONSTANT,
        SPATIAL,
        POSITIVE,
        DIVIDES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, block, edges = spatial(raw, inputs)
        y = outputs[0]
        before, after = (0, *(e[0] for e in edges), 0), (0, *(e[1] for e in edges), 0)
        shape = tuple(d + b + a for d, b, a in zip(x.shape, before, after, strict=True))
        small = tuple(d // b for d, b in zip(shape[1:-1], block, strict=True))
        product = block[0] * (block[1] if len(block) > 1 else 1)
        if any(d % b for d, b in zip(shape[1:-1], block, strict=True)) or y.shape != (
            product * x.shape[0],
            *small,
            x.shape[-1],
        ):
            raise Reject(DIVIDES, f"{x} padded to {shape}, blocks of {block}, into {y}")
        ops: list[Op] = []
        if shape != x.shape:
            zero = y.quant.zero_points[0] if y.quant is not None and y.dtype is DType.INT8 else 0
            padded = replace(x, name=f"{y.name}/padded", shape=shape, quant=y.quant, source=None)
            ops.append(Pad(inputs=(x,), outputs=(padded,), before=before, after=after, fill=zero))
            x = padded
        packed = packed_strides(shape)
        inner = [b * s for b, s in zip(block, packed[1:-1], strict=True)]
        ops.append(
            cls(
                inputs=(x,),
                outputs=outputs,
                sizes=(*block, shape[0], *small, shape[-1]),
                strides=(*packed[1:-1], packed[0], *inner, 1),
                padded=bool(ops),
            )
        )
        return tuple(ops)


@operator("BATCH_TO_SPACE_ND", needs=3)
@dataclass(frozen=True, kw_only=True, eq=False)
class BatchToSpace(StridedCopy):
    """Batches become positions within blocks, then the image is cropped."""

    RULES: ClassVar = (
        CONSTANT,
        SPATIAL,
        POSITIVE,
        CROPPED,
        *BOX_RULES,
    )

    @classmethod
    def parse(cls, raw: RawOpLike, inputs: tuple[Tensor | None, ...], outputs: tuple[Tensor, ...]) -> tuple[Op, ...]:
        x, block, edges = spatial(raw, inputs)
        y = outputs[0]
        product = block[0] * (block[1] if len(block) > 1 else 1)
        batch = x.shape[0] // product
        shape = (batch, *(d * b for d, b in zip(x.shape[1:-1], block, strict=True)), x.shape[-1])
        begin = (0, *(e[0] for e in edges), 0)
        cropped = (batch, *(d - e[0] - e[1] for d, e in zip(shape[1:-1], edges, strict=True)), x.shape[-1])
        if x.shape[0] % product or y.shape != cropped:
            raise Reject(CROPPED, f"{x}, blocks of {block}, to {y}")
        packed = packed_strides(x.shape)
        across = [packed[0] * batch * (block[1] if len(block) > 1 else 1), packed[0] * batch]
        sizes, strides = [batch], [packed[0]]
        for i, d in enumerate(x.shape[1:-1]):
            sizes += [d, block[i]]
            strides += [packed[1 + i], across[i + 2 - len(block)] if len(block) > 1 else packed[0] * batch]
        whole = y if shape == y.shape else replace(x, name=f"{y.name}/whole", shape=shape, source=None)
        ops: list[Op] = [cls(inputs=(x,), outputs=(whole,), sizes=(*sizes, x.shape[-1]), strides=(*strides, 1))]
        if whole is not y:
            ops.append(Slice.of(whole, y, begin, y.shape))
        return tuple(ops)
