"""Matrix products with Helium, lowered for blocks of pixels or for a single one."""

from __future__ import annotations

from typing import Any

from tinyengine_tf.kernels.arithmetic.requantize_mve import vector_requantization
from tinyengine_tf.kernels.assembly import FUNCTION, in_assembly
from tinyengine_tf.kernels.base import Code, Layout, Lowered, RowWindow
from tinyengine_tf.kernels.dense.dense_mve import BYTES, PIXELS, DenseCode, WeightForm, stream_table
from tinyengine_tf.kernels.dense.matrix_product import MatrixProduct, pixels_of
from tinyengine_tf.kernels.dense.weighted import depth


def products_mve(op: MatrixProduct, single: bool, form: WeightForm = BYTES) -> Lowered:
    """Writes a block of pixels channel by channel: all inputs of a block are needed until its end."""
    n, rq = depth(op), vector_requantization(op)

    def params(units: int) -> dict[str, Any]:
        comment = f"Matrix products of {units} x {n} inputs and {op.out_channels} channels."
        return in_assembly(comment, DenseCode(op, rq, n, single, form).function(units))

    return Lowered(
        Code(FUNCTION, params),
        Layout((RowWindow(),), flat=pixels_of(op), hold=1 if single else PIXELS),
        (stream_table(op, rq, single, form),),
    )
