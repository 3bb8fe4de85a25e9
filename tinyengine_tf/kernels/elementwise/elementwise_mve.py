"""Tables, clamps and conversions of 8-bit tensors with Helium: tail-predicated loops of 16 elements or 4 floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import (
    Elementwise,
    LookupClamp,
    LookupFlip,
    LookupTable,
)
from tinyengine_tf.kernels.elementwise.quantize_mve import LARGEST_SCALE, SMALLEST_SCALE
from tinyengine_tf.kernels.thumb import load_number
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize
from tinyengine_tf.target import Core


class LoopMve(Elementwise):
    """r0 inputs, r1 outputs, then a table if there is one; r12 the count, other registers are free for constants."""

    template = "c/assembly_mve.c.j2"
    isa = "mve"
    lanes = 8
    """Bits of an element, as the loop counts them."""

    def body(self, op: Any) -> tuple[list[str], list[str]]:
        """(instructions before the loop, in the loop)."""
        raise NotImplementedError

    def params(self, op: Any, units: int) -> dict[str, Any]:
        before, inside = self.body(op)
        ctypes = (op.input.dtype.c, op.output.dtype.c)
        table = [(f"const {ctypes[1]} *", "table")] if self.tables(op) else []
        return {
            "comment": f"{units} elements: {self.why}.",
            "arguments": [(f"const {ctypes[0]} *", "in"), (f"{ctypes[1]} *", "out"), *table],
            "lines": [*load_number("r12", units), *before, f"dlstp.{self.lanes} lr, r12", "1:", *inside, "letp lr, 1b"],
        }


@class_kernel
class LookupTableMve(LoopMve, LookupTable):
    name = "te_lookup_8_mve"
    ops = (Lookup,)
    why = "16 look-ups at once in a table of all 256 results"
    rank = 20

    def body(self, op: Lookup) -> tuple[list[str], list[str]]:
        return [], ["vldrb.8 q0, [r0], #16", "vldrb.u8 q1, [r2, q0]", "vstrb.8 q1, [r1], #16"]


@class_kernel
class LookupClampMve(LoopMve, LookupClamp):
    name = "te_clamp_8_mve"
    ops = (Lookup,)
    why = "the function only limits the range, of 16 at once"
    rank = 21

    def body(self, op: Lookup) -> tuple[list[str], list[str]]:
        assert op.clamp
        sign = "s8" if op.input.dtype is DType.INT8 else "u8"
        constants = [
            line
            for q, value in zip(("q1", "q2"), op.clamp, strict=True)
            for line in (*load_number("r3", value), f"vdup.8 {q}, r3")
        ]
        return constants, [
            "vldrb.8 q0, [r0], #16",
            f"vmax.{sign} q0, q0, q1",
            f"vmin.{sign} q0, q0, q2",
            "vstrb.8 q0, [r1], #16",
        ]


@class_kernel
class LookupFlipMve(LoopMve, LookupFlip):
    name = "te_flip_sign_8_mve"
    ops = (Lookup,)
    why = "int8 and uint8 of the same scale differ in one bit, of 16 at once"
    rank = 21

    def body(self, op: Lookup) -> tuple[list[str], list[str]]:
        return ["mov r3, #128", "vdup.8 q1, r3"], ["vldrb.8 q0, [r0], #16", "veor q0, q0, q1", "vstrb.8 q0, [r1], #16"]


@class_kernel
class DequantizeMve(LoopMve):
    name = "te_dequantize_f32_mve"
    ops = (Dequantize,)
    why = "one float32 product, rounded once, four at once"
    rank = 20
    lanes = 32

    def rejects(self, op: Dequantize, core: Core) -> str | None:
        if not core.fpu:
            return "the compiler flags of the target promise no floating point"
        return None if SMALLEST_SCALE < op.input.scale < LARGEST_SCALE else "products may be subnormal or infinite"

    def body(self, op: Dequantize) -> tuple[list[str], list[str]]:
        load = {
            DType.INT8: "vldrb.s32 q0, [r0], #4",
            DType.UINT8: "vldrb.u32 q0, [r0], #4",
            DType.INT16: "vldrh.s32 q0, [r0], #8",
        }[op.input.dtype]
        scale = int(np.float32(op.input.scale).view(np.uint32))
        return [*load_number("r2", scale), *load_number("r3", -op.input.zero_point)], [
            load,
            "vadd.i32 q0, q0, r3",
            "vcvt.f32.s32 q0, q0",
            "vmul.f32 q0, q0, r2",
            "vstrw.32 q0, [r1], #16",
        ]
