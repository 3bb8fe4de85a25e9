"""SVDF: products of the input with four filters at once; each filter's memory moves on as it is summed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinyengine_tf.kernels.base import Layout, Table
from tinyengine_tf.kernels.class_kernel import ClassKernel, class_kernel
from tinyengine_tf.kernels.recurrent import dot4
from tinyengine_tf.ops.svdf import Svdf


class SvdfKernel(ClassKernel):
    ops = (Svdf,)
    template = "recurrent/svdf.c.j2"
    dot4: ClassVar[dot4.Dot4]

    def layout(self, op: Svdf) -> Layout:
        return Layout()

    def tables(self, op: Svdf) -> tuple[Table, ...]:
        groups = -(-op.filters // dot4.ROWS)
        missing = groups * dot4.ROWS - op.filters

        def weights() -> np.ndarray:
            rows = np.pad(op.weights.values.astype(np.int64), ((0, missing), (0, 0)))
            return self.dot4.stream(rows.reshape(groups, dot4.ROWS, op.features)).reshape(-1)

        def offsets() -> np.ndarray:
            return np.pad(-op.input.zero_point * op.weights.values.astype(np.int64).sum(axis=1), (0, missing))

        return (
            Table("weights", "int8_t", groups * self.dot4.group_bytes(op.features), weights),
            Table("offsets", "int32_t", groups * dot4.ROWS, offsets),
            Table("time", op.time.dtype.c, op.time.elements, lambda: op.time.values.reshape(-1)),
            Table("bias", "int32_t", op.units, lambda: op.bias.values.reshape(-1)),
        )

    def params(self, op: Svdf, units: int) -> dict[str, Any]:
        into, out = op.multipliers
        bits = 8 * op.memory.dtype.nbytes
        return {
            "dot4": self.dot4.template,
            "batch": op.batch,
            "features": op.features,
            "filters": op.filters,
            "steps": op.steps,
            "rank": op.rank,
            "ctype": op.memory.dtype.c,
            "low": -(2 ** (bits - 1)),
            "high": 2 ** (bits - 1) - 1,
            "memory_zero": op.memory.zero_point,
            "into": into,
            "out": out,
            "zero": op.output.zero_point,
        }


@class_kernel
class SvdfPortable(SvdfKernel):
    name = "te_svdf_s8"
    why = "each input is multiplied with the weights of four filters"
    dot4 = dot4.PORTABLE
    needs = dot4.needs


@class_kernel
class SvdfDsp(SvdfKernel):
    name = "te_svdf_s8_dsp"
    why = "core has DSP: four inputs with the weights of four filters by SMLAD"
    isa = "dsp"
    rank = 10
    dot4 = dot4.DSP
    needs = dot4.needs


@class_kernel
class SvdfMve(SvdfKernel):
    name = "te_svdf_s8_mve"
    why = "core has Helium: 16 inputs with the weights of a filter at once"
    isa = "mve"
    rank = 20
    dot4 = dot4.MVE
    needs = dot4.needs
