"""Unary kernels with Helium: tail-predicated loops of 16 elements or 4 floats.

r0 inputs, r1 outputs, then a table if there is one; r12 the count, other registers are free for constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Lowered, Table
from tinyengine_tf.kernels.elementwise.unary import unary
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.instruction import Code
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import r12
from tinyengine_tf.machine.thumb2 import load_number


def unary_mve(op: Op, what: str, before: Code, inside: Code, lanes: int = 8, tables: tuple[Table, ...] = ()) -> Lowered:
    """A loop over elements of `lanes` bits, with the instructions `before` and `inside` it."""
    ctypes = op.input.dtype.c, op.output.dtype.c
    arguments = [Argument(f"const {ctypes[0]} *", "in"), Argument(f"{ctypes[1]} *", "out")]
    arguments += [Argument(f"const {t.ctype} *", t.name) for t in tables]

    def params(units: int) -> Mapping[str, Any]:
        code = [*load_number(r12, units), *before, *flow.elementwise_loop(lanes, r12, inside)]
        return in_assembly(f"{units} elements: {what}.", thumb2_function(arguments, code))

    return unary(op, FUNCTION, params, tables)
