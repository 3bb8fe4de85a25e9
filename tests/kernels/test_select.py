"""What select() makes of kernels' answers."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.base import Because, Code, Kernel, Lowered
from tinyengine_tf.kernels.select import lower
from tinyengine_tf.machine.registers import r0, r1
from tinyengine_tf.machine.thumb2 import ldrd
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core


def kernel(offset: int) -> Kernel:
    def te_reaches_far(op: Any, core: Core) -> Lowered | Because:
        ldrd(r0, r1, r0[offset])
        return Lowered(Code("", lambda units: {}))

    return Kernel("te_reaches_far", (Lookup,), (), "dsp", (), False, "", te_reaches_far)


def test_a_number_that_no_instruction_holds_is_a_reason() -> None:
    core = Core("cortex-m4", "dsp")
    op: Any = None
    assert isinstance(lower(kernel(1020), op, core), Lowered)
    assert lower(kernel(1024), op, core) == Because(
        "the offset of ldrd takes multiples of 4 from -1020 to 1020, not 1024"
    )
