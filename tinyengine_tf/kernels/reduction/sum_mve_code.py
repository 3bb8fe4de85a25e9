"""Sums of pixels with Helium, eight channels at a time.

Bytes are widened to 16 bits as they are loaded and added there, up to 256 of them; then even and odd channels go into
32-bit lanes of their own, which is the order that narrowing instructions turn round again.
"""

from __future__ import annotations

from tinyengine_tf.kernels.thumb import add_number, load_number

CHANNELS = 8
IN_16_BITS = 256
"""Bytes whose sum fits 16 bits."""
UNROLLED = 8
LARGEST_STEP = 127


def add_pixels(pixels: int, pitch: int, partial: bool) -> list[str]:
    """32-bit sums of eight channels of `pixels` pixels, `pitch` bytes apart, from r0 on: even ones in q2, odd ones in
    q3. r3, lr, q0 and q1 are lost. `partial`: only the lanes of the predicate are read."""
    code = ["mov r3, r0"]
    for first in range(0, pixels, IN_16_BITS):
        count = min(IN_16_BITS, pixels - first)
        step = [f"vldrb{'t' if partial else ''}.s16 q1, [r3]" + (f", #{pitch}" if pitch <= LARGEST_STEP else "")]
        step = [
            *(["vpst"] if partial else []),
            *step,
            *([] if pitch <= LARGEST_STEP else add_number("r3", pitch, "r12")),
            "vadd.i16 q0, q0, q1",
        ]
        code += ["vmov.i32 q0, #0", *step * (count % UNROLLED)]
        if count >= UNROLLED:
            code += [*load_number("lr", count // UNROLLED), "dls lr, lr", "2:", *step * UNROLLED, "le lr, 2b"]
        if first == 0:
            code += ["vmovlb.s16 q2, q0", "vmovlt.s16 q3, q0"]
        else:
            code += ["vmovlb.s16 q1, q0", "vadd.i32 q2, q2, q1", "vmovlt.s16 q1, q0", "vadd.i32 q3, q3, q1"]
    return code
