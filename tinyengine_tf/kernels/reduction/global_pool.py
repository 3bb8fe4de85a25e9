"""Global averages and sums: rows are added up as they come, so no feature map has to be there as a whole."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Layout, RowWindow, rows_of
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.ops.pool2d import AveragePool2D
from tinyengine_tf.ops.reduce import Mean, Sum
from tinyengine_tf.target import Core

NOT_GLOBAL = "not over all rows and columns of an image"


class GlobalSum(ClassKernel):
    """One int32 sum per channel is all the memory that the rows need."""

    why = "over whole images: rows are added up as they come"
    template = "reduction/global_sum.c.j2"
    rank = 1

    def layout(self, op: Any) -> Layout:
        return Layout((RowWindow(),), gathers=True, state_bytes=4 * op.input.shape[3])

    def params(self, op: Any, units: int) -> dict[str, Any]:
        _, height, width, channels = op.input.shape
        return {
            "rows": height,
            "width": width,
            "channels": channels,
            "count": height * width,
            "mean": isinstance(op, AveragePool2D),
        }


@class_kernel
class GlobalAveragePool(GlobalSum):
    name = "te_average_pool_2d_s8_global"
    ops = (AveragePool2D,)
    needs = ("requantize",)

    def rejects(self, op: AveragePool2D, core: Core) -> str | None:
        padded = op.window.pad_top or op.window.pad_left or any(op.window.padding_after(op.image, op.out_image))
        return None if op.window.kernel == op.image and op.out_image == (1, 1) and not padded else NOT_GLOBAL

    def args(self, op: AveragePool2D) -> tuple[str, ...]:
        return (str(op.clamp[0]), str(op.clamp[1]), "y")


@class_kernel
class GlobalSumOrMean(GlobalSum):
    name = "te_sum_s8_global"
    ops = (Sum, Mean)
    needs = ("requantize",)

    def rejects(self, op: Sum, core: Core) -> str | None:
        return None if len(op.input.shape) == 4 and op.axes == {1, 2} and rows_of(op.input) > 0 else NOT_GLOBAL

    def args(self, op: Sum) -> tuple[str, ...]:
        m = op.multiplier
        return (str(-op.count * op.input.zero_point), str(m.mantissa), str(m.shift), str(op.output.zero_point), "y")
