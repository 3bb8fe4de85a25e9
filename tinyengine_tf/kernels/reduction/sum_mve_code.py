"""Sums of pixels with Helium, eight channels at a time.

Bytes are widened to 16 bits as they are loaded and added there, up to 256 of them; then even and odd channels go into
32-bit lanes of their own, which is the order that narrowing instructions turn round again.
"""

from __future__ import annotations

from tinyengine_tf.machine import flow
from tinyengine_tf.machine.helium import LARGEST_STEP, vadd, vldrb, vmov_number, vmovlb, vmovlt
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.registers import lr, q0, q1, q2, q3, r0, r3, r12
from tinyengine_tf.machine.thumb2 import add_number, load_number, mov

CHANNELS = 8
IN_16_BITS = 256
"""Bytes whose sum fits 16 bits."""
UNROLLED = 8


def add_pixels(pixels: int, pitch: int, partial: bool) -> list[Item]:
    """32-bit sums of eight channels of `pixels` pixels, `pitch` bytes apart, from r0 on: even ones in q2, odd ones in
    q3. r3, r12, lr, q0 and q1 are lost. `partial`: only the lanes of the predicate are read."""
    code: list[Item] = [mov(r3, r0)]
    near = pitch <= LARGEST_STEP
    load = vldrb(q1, r3.post(pitch) if near else r3[0], "s16")
    advance = [] if near else add_number(r3, pitch, r12)
    step = [*flow.predicated_if(partial, load), *advance, vadd(q0, q0, q1, "i16")]
    for first in range(0, pixels, IN_16_BITS):
        count = min(IN_16_BITS, pixels - first)
        code += [vmov_number(q0, 0), *step * (count % UNROLLED)]
        if count >= UNROLLED:
            code += [*load_number(lr, count // UNROLLED), *flow.hardware_loop(step * UNROLLED)]
        if first == 0:
            code += [vmovlb(q2, q0, "s16"), vmovlt(q3, q0, "s16")]
        else:
            code += [vmovlb(q1, q0, "s16"), vadd(q2, q2, q1, "i32"), vmovlt(q1, q0, "s16"), vadd(q3, q3, q1, "i32")]
    return code
