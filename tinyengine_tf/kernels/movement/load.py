"""A constant that an operator reads from the arena, copied there."""

from __future__ import annotations

from tinyengine_tf.kernels.base import Code, Lowered, Table, kernel
from tinyengine_tf.kernels.types import MOVED
from tinyengine_tf.ops.load import Load
from tinyengine_tf.target import Core


@kernel(Load, types=(MOVED,))
def te_load(op: Load, core: Core) -> Lowered:
    """A constant that an operator reads from the arena."""
    return Lowered(
        Code("movement/load.c.j2", lambda units: {"ctype": op.output.dtype.c, "bytes": op.output.nbytes}),
        tables=(Table.of("constant", op.input),),
    )
