"""Windows of neighbouring pixels, copied together with Helium for a matrix product."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tinyengine_tf.kernels.assembly import in_assembly
from tinyengine_tf.kernels.dense.dense_mve import CHUNK
from tinyengine_tf.kernels.dense.weighted import depth
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import LARGEST_OFFSET, vctp, vldrb, vstrb
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import Argument, thumb2_function
from tinyengine_tf.machine.registers import q, r0, r1, r2, r3, r5, r6, r7, r8, r9
from tinyengine_tf.machine.thumb2 import add, add_number, ldr, mov
from tinyengine_tf.ops.conv2d import Conv2D

GATHER_ARGUMENTS = (
    Argument("const int8_t *const *", "in"),
    Argument("int32_t", "offset"),
    Argument("int8_t *", "to"),
)


def run_bytes(op: Conv2D) -> int:
    """Neighbouring bytes of a row that belong to one window."""
    return op.input.shape[3] * (op.window.kernel.w if op.window.dilation.w == 1 else 1)


def gather_code(op: Conv2D, pixels: int) -> list[Item] | None:
    """Assembly that copies the windows of neighbouring pixels inside the image; None where loads do not reach that far.

    r0 rows, r1 offset of the first window's first column, r2 to. Runs of less than 16 bytes are stored as 16 where
    what is too much lies within the window: the next one comes over it.
    """
    w, channels, run, n = op.window, op.input.shape[3], run_bytes(op), depth(op)
    pieces = [*range(0, run - CHUNK + 1, CHUNK), *([run - CHUNK] if run % CHUNK and run > CHUNK else [])] or [0]
    runs = 1 if w.dilation.w == 1 else w.kernel.w
    starts = [j * w.dilation.w * channels for j in range(runs)]
    if starts[-1] + pieces[-1] > LARGEST_OFFSET:
        return None
    step, partial = w.stride.w * channels, run < CHUNK
    near = (pixels - 1) * step + starts[-1] + pieces[-1] <= LARGEST_OFFSET
    code: list[Item] = [mov(r3, run), vctp(8, r3)] if partial else []
    targets = (r2, r5, r6)[:pixels]
    for before, target in pairwise(targets):
        code += [mov(target, before), *add_number(target, n, r3)]
    sources = (r7,) * pixels if near else (r7, r8, r9)[:pixels]
    for i in range(w.kernel.h):
        code += [ldr(r7, r0[4 * i]), add(r7, r7, r1)]
        for before, source in pairwise(sources) if not near else ():
            code += [mov(source, before), *add_number(source, step, r3)]
        for j, start in enumerate(starts):
            for k, piece in enumerate(pieces):
                at = [start + piece + (p * step if near else 0) for p in range(pixels)]
                loads = [vldrb(q[p], source[at[p]], "8") for p, source in enumerate(sources)]
                following = pieces[k + 1] - piece if k + 1 < len(pieces) else run - piece
                stores = [vstrb(q[p], target.post(following), "8") for p, target in enumerate(targets)]
                code += flow.predicated_if(partial, *loads)
                code += flow.predicated_if(partial and (i * runs + j) * run + CHUNK > n, *stores)
    return code


def gather(op: Conv2D, pixels: int) -> dict[str, Any] | None:
    """`gather_code` as a function for the template."""
    code = gather_code(op, pixels)
    if code is None:
        return None
    comment = f"Copies the windows of {pixels} neighbouring pixels, {depth(op)} bytes each."
    return in_assembly(comment, thumb2_function(GATHER_ARGUMENTS, code, r9_is_free=True))
