"""Bytes copied and filled with Helium, 16 at a time: windows at an image's edges (window_mve.c.j2)."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.machine import flow, text
from tinyengine_tf.machine.helium import vdup, vldrb, vstrb
from tinyengine_tf.machine.program import fragment
from tinyengine_tf.machine.registers import chosen, q0


def window_values() -> dict[str, Any]:
    """Statements for `n` bytes, or none: from `from` to `to`; `value` to `to`."""
    to, source, n, value = chosen("to", "from", "n", "value")
    copy = flow.elementwise_loop_if_any(8, n, [vldrb(q0, source.post(16), "8"), vstrb(q0, to.post(16), "8")])
    fill = flow.elementwise_loop_if_any(8, n, [vstrb(q0, to.post(16), "8")])
    return {"copy": text.statement(fragment(copy)), "fill": text.statement(fragment([vdup(q0, value, 8), *fill]))}
