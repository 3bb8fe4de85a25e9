"""Which element types a kernel computes, said per role of a tensor; operators of other types are refused by a sentence.

    S8.refusal(op)   None, or "it computes int8 data, not float32"

A kernel states its types once, where it is registered; `select` asks before it asks anything else, so no kernel is
ever given an operator whose numbers it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.ir import DType, Op

DTypes = tuple[DType, ...]

ANY: DTypes = tuple(t for t in DType if t.bits >= 8)
"""For roles in which elements only move: whatever is bytes."""


@dataclass(frozen=True, kw_only=True)
class Types:
    """The element types that are accepted in each role (see ir.Op.by_role); a role without any must have no tensor.

    widened   narrower weights that are accepted as well: they are widened when C is written, at the price of flash
    """

    data: DTypes
    out: DTypes
    weights: DTypes = ()
    bias: DTypes = ()
    state: DTypes = ()
    widened: DTypes = ()

    def accepted(self, role: str) -> DTypes:
        found: DTypes = getattr(self, role)
        return found + self.widened if role == "weights" else found

    def widens(self, op: Op) -> bool:
        """Whether the operator's weights take more flash than in the model."""
        return any(role == "weights" and tensor.dtype in self.widened for role, tensor in op.by_role)

    def refusal(self, op: Op) -> str | None:
        """Why an operator's tensors are not of these types; None: they are."""
        for role, tensor in op.by_role:
            if tensor.dtype not in self.accepted(role):
                return f"it computes {_names(self.accepted(role))} {role}, not {tensor.dtype.tflite_name.lower()}"
        return None


def _names(accepted: DTypes) -> str:
    return " or ".join(t.tflite_name.lower() for t in accepted) or "no"


S8 = Types(data=(DType.INT8,), weights=(DType.INT8,), bias=(DType.INT32,), out=(DType.INT8,), widened=(DType.INT4,))
"""The int8 of the TensorFlow Lite 8-bit quantisation specification, weights and bias where there are any."""

S8W4 = Types(data=(DType.INT8,), weights=(DType.INT4,), bias=(DType.INT32,), out=(DType.INT8,))
"""The same with weights of four bits, two to a byte."""

S8_AND_WIDENED = (S8, S8W4)
"""For kernels that widen weights of four bits without its counting as spending flash: no packed kernel of the core is
nearly as fast, and their weights are few."""

S16 = Types(
    data=(DType.INT16,),
    weights=(DType.INT8,),
    bias=(DType.INT64, DType.INT32, DType.INT16),
    out=(DType.INT16,),
)
"""The int16 activations with int8 weights of the same specification (16x8); which bias is right, operators say."""

F32 = Types(data=(DType.FLOAT32,), weights=(DType.FLOAT32,), bias=(DType.FLOAT32,), out=(DType.FLOAT32,))
"""float32 throughout."""

MOVED = Types(data=ANY, out=ANY)
"""Elements are copied, whatever they mean; the operator's rules say that both sides agree."""
