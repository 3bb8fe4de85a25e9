"""Groups of four int8 inputs become two words, as dense_dsp.py multiplies them.

A group x0 x1 x2 x3 becomes (x1, x3) and (256 x0 + 127 - x1, 256 x2 + 127 - x3); see dense_stream.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyengine_tf.machine import flow, text
from tinyengine_tf.machine.instruction import Item
from tinyengine_tf.machine.program import fragment
from tinyengine_tf.machine.registers import CoreRegister, chosen
from tinyengine_tf.machine.thumb2 import eor, ldr, rev16, strd, sxtb16

COMPLEMENT = 0x007F007F
"""127 - x in both low bytes of halves."""
Widen = Callable[[CoreRegister, CoreRegister], list[Item]]


def widen(odd: CoreRegister, even: CoreRegister) -> list[Item]:
    """Four inputs in `even` become both words."""
    return [sxtb16(odd, even.ror(8)), rev16(even, even), eor(even, even, COMPLEMENT)]


def widening(pixels: int, step: int, widen: Widen = widen) -> dict[str, Any]:
    """The values of c/widen_dsp.c.j2: `pixels` runs of groups at once, one to three; a pixel's end up `step` bytes
    apart."""
    odd, even, source, out, groups, distance = chosen("odd", "even", "in", "out", "groups", "distance")
    code: list[Item] = []
    for p in reversed(range(pixels)):
        code.append(ldr(even, source.post(4) if p == 0 else source[distance] if p == 1 else source[distance.lsl(1)]))
        code += [*widen(odd, even), strd(odd, even, out[8 * p] if p else out.post(step))]
    return {"pixels": pixels, "step": step, "statement": text.statement(fragment(flow.count_down(groups, code)))}
