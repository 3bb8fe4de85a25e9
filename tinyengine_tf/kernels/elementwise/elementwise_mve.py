"""Tables, clamps and conversions of 8-bit tensors with Helium: tail-predicated loops of 16 elements or 4 floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyengine_tf.ir import DType
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.class_kernel import class_kernel
from tinyengine_tf.kernels.elementwise.lookup import (
    Elementwise,
    LookupClamp,
    LookupFlip,
    LookupTable,
)
from tinyengine_tf.kernels.elementwise.quantize_mve import LARGEST_SCALE, SMALLEST_SCALE
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import (
    vadd,
    vcvt,
    vdup,
    veor,
    vldrb,
    vldrh,
    vmax,
    vmin,
    vmul,
    vstrb,
    vstrw,
)
from tinyengine_tf.machine.instruction import Code
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q0, q1, q2, r0, r1, r2, r3, r12
from tinyengine_tf.machine.thumb2 import load_number, mov
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.ops.quantize import Dequantize
from tinyengine_tf.target import Core


class LoopMve(Elementwise):
    """r0 inputs, r1 outputs, then a table if there is one; r12 the count, other registers are free for constants."""

    template = FUNCTION
    isa = "mve"
    lanes = 8
    """Bits of an element, as the loop counts them."""

    def body(self, op: Any) -> tuple[Code, Code]:
        """(instructions before the loop, in the loop)."""
        raise NotImplementedError

    def params(self, op: Any, units: int) -> dict[str, Any]:
        before, inside = self.body(op)
        ctypes = (op.input.dtype.c, op.output.dtype.c)
        arguments = [Argument(f"const {ctypes[0]} *", "in"), Argument(f"{ctypes[1]} *", "out")]
        arguments += [Argument(f"const {ctypes[1]} *", "table")] if self.tables(op) else []
        code = [*load_number(r12, units), *before, *flow.elementwise_loop(self.lanes, r12, inside)]
        return in_assembly(f"{units} elements: {self.why}.", thumb2_function(arguments, code))


@class_kernel
class LookupTableMve(LoopMve, LookupTable):
    name = "te_lookup_8_mve"
    ops = (Lookup,)
    why = "16 look-ups at once in a table of all 256 results"
    rank = 20

    def body(self, op: Lookup) -> tuple[Code, Code]:
        return [], [vldrb(q0, r0.post(16), "8"), vldrb(q1, r2[q0], "u8"), vstrb(q1, r1.post(16), "8")]


@class_kernel
class LookupClampMve(LoopMve, LookupClamp):
    name = "te_clamp_8_mve"
    ops = (Lookup,)
    why = "the function only limits the range, of 16 at once"
    rank = 21

    def body(self, op: Lookup) -> tuple[Code, Code]:
        assert op.clamp
        sign = "s8" if op.input.dtype is DType.INT8 else "u8"
        low, high = op.clamp
        constants = [*load_number(r3, low), vdup(q1, r3, 8), *load_number(r3, high), vdup(q2, r3, 8)]
        return constants, [
            vldrb(q0, r0.post(16), "8"),
            vmax(q0, q0, q1, sign),
            vmin(q0, q0, q2, sign),
            vstrb(q0, r1.post(16), "8"),
        ]


@class_kernel
class LookupFlipMve(LoopMve, LookupFlip):
    name = "te_flip_sign_8_mve"
    ops = (Lookup,)
    why = "int8 and uint8 of the same scale differ in one bit, of 16 at once"
    rank = 21

    def body(self, op: Lookup) -> tuple[Code, Code]:
        return [mov(r3, 128), vdup(q1, r3, 8)], [
            vldrb(q0, r0.post(16), "8"),
            veor(q0, q0, q1),
            vstrb(q0, r1.post(16), "8"),
        ]


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

    def body(self, op: Dequantize) -> tuple[Code, Code]:
        load = {
            DType.INT8: vldrb(q0, r0.post(4), "s32"),
            DType.UINT8: vldrb(q0, r0.post(4), "u32"),
            DType.INT16: vldrh(q0, r0.post(8), "s32"),
        }[op.input.dtype]
        scale = int(np.float32(op.input.scale).view(np.uint32))
        return [*load_number(r2, scale), *load_number(r3, -op.input.zero_point)], [
            load,
            vadd(q0, q0, r3, "i32"),
            vcvt(q0, q0, "f32.s32"),
            vmul(q0, q0, r2, "f32"),
            vstrw(q0, r1.post(16), "32"),
        ]
