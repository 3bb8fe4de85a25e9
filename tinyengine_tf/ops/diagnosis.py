"""What a refused model is, and what to do about it: RawModel, problems -> the message's first line.

Each recogniser looks for one kind of model that people hand over; the first that answers is right, so they stand in
the order in which a cure has to be tried. A model is only looked at after it was refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tinyengine_tf.ops.problems import Problem
from tinyengine_tf.tflite import RawModel, RawOp, RawTensor

INT8_EXPORT = (
    "converter.optimizations = [tf.lite.Optimize.DEFAULT], converter.representative_dataset = samples, "
    "converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]"
)

COMPILED_FOR = {
    "ethos-u": ("by Vela for an Arm Ethos-U", "Vela"),
    "edgetpu-custom-op": ("for the Google Edge TPU", "the Edge TPU compiler"),
    "NeutronGraph": ("for the NXP eIQ Neutron NPU", "the Neutron converter"),
    "vsi-npu": ("for a VeriSilicon NPU", "the NPU's compiler"),
    "tidl": ("for a Texas Instruments accelerator (TIDL)", "TIDL"),
    "XC_": ("for XMOS xcore", "xformer"),
    "akida": ("for BrainChip Akida", "the Akida converter"),
    "hailo": ("for a Hailo NPU", "the Hailo compiler"),
    "qnn": ("for a Qualcomm NPU", "the QNN compiler"),
    "hexagon": ("for a Qualcomm Hexagon DSP", "the Hexagon compiler"),
    "mtk": ("for a MediaTek NPU (NeuroPilot)", "NeuroPilot"),
    "samsung": ("for a Samsung NPU", "the NPU's compiler"),
    "DISPATCH_OP": ("for an NPU (LiteRT)", "the NPU's compiler"),
}
"""What the names of an accelerator's custom operators begin with -> (what the model is for, what made it)."""

WEIGHTED = frozenset(
    (
        "CONV_2D",
        "CONV_3D",
        "DEPTHWISE_CONV_2D",
        "TRANSPOSE_CONV",
        "FULLY_CONNECTED",
        "BATCH_MATMUL",
        "SVDF",
        "LSTM",
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
        "BIDIRECTIONAL_SEQUENCE_LSTM",
        "RNN",
        "UNIDIRECTIONAL_SEQUENCE_RNN",
        "BIDIRECTIONAL_SEQUENCE_RNN",
    )
)
"""Operators whose types tell how the model was quantised."""
FUNCTIONAL = frozenset(("IF", "WHILE", "CALL", "STABLEHLO_WHILE"))
TABLES = frozenset(("HASHTABLE", "HASHTABLE_FIND", "HASHTABLE_IMPORT", "HASHTABLE_SIZE", "HASHTABLE_LOOKUP"))
EDGES = frozenset(("QUANTIZE", "DEQUANTIZE", "CAST"))


@dataclass(frozen=True, eq=False)
class Refused:
    """A model and why it is refused: what the recognisers look at."""

    model: RawModel
    problems: Sequence[Problem]

    @cached_property
    def makers(self) -> dict[int, RawOp]:
        return {i: op for op in self.model.ops for i in op.outputs}

    @property
    def custom(self) -> list[str]:
        return [op.opcode.removeprefix("CUSTOM:") for op in self.model.ops if op.opcode.startswith("CUSTOM:")]

    def inputs(self, op: RawOp) -> list[RawTensor]:
        return [self.model.tensors[i] for i in op.inputs if i >= 0]

    def origin(self, tensor: RawTensor) -> RawTensor:
        """The constant that a tensor is made from by DEQUANTIZE, RESHAPE and the like; else the tensor itself."""
        for _ in range(len(self.model.ops)):
            if tensor.has_content:
                break
            maker = self.makers.get(tensor.index)
            if maker is None or not maker.inputs or maker.inputs[0] < 0:
                break
            source = self.model.tensors[maker.inputs[0]]
            if maker.opcode not in ("DEQUANTIZE", "RESHAPE", "TRANSPOSE", "CAST", "EXPAND_DIMS", "SQUEEZE"):
                break
            tensor = source
        return tensor

    def weighted(self) -> Iterator[tuple[RawOp, str, str]]:
        """(operator, data's type, type in which its weights are stored) of each operator with weights."""
        for op in self.model.ops:
            tensors = self.inputs(op)
            data = 2 if op.opcode == "TRANSPOSE_CONV" else 0  # its first input is the output's shape
            if op.opcode in WEIGHTED and len(tensors) >= max(2, data + 1):
                yield op, tensors[data].dtype_name, self.origin(tensors[1]).dtype_name


def verdict(model: RawModel, problems: Sequence[Problem]) -> str:
    """One line: what the model is and what to do. "" where there is nothing to say."""
    refused = Refused(model, problems)
    return next((line for recognise in RECOGNISERS if (line := recognise(refused))), "")


def _compiled(refused: Refused) -> str:
    for name in refused.custom:
        for start, (target, maker) in COMPILED_FOR.items():
            if name.lower().startswith(start.lower()):
                return (
                    f"compiled {target} (custom operator {name}), which alone can run it: "
                    f"give the .tflite file that {maker} was given"
                )
    return ""


def _flex(refused: Refused) -> str:
    flex = sorted({name.removeprefix("Flex") for name in refused.custom if name.startswith("Flex")})
    if not flex:
        return ""
    return (
        f"contains operators of TensorFlow itself ({_some(flex)}), which no microcontroller runs: export without "
        "SELECT_TF_OPS, and replace the layers that need them"
    )


def _signal(refused: Refused) -> str:
    names = sorted({name for name in refused.custom if name.startswith("Signal")})
    if not names:
        return ""
    return (
        f"computes audio features with TFLM's signal operators ({_some(names)}), which are not computed here: call "
        "TFLM's signal library or your own front end, and convert the network behind it"
    )


def _training(refused: Refused) -> str:
    keys = {s.key for s in refused.model.signatures}
    gradients = [op.opcode for op in refused.model.ops if "GRAD" in op.opcode.upper() or "Backprop" in op.opcode]
    if "train" not in keys and not gradients:
        return ""
    others = ", ".join(sorted(keys - {"train"}))
    choose = f", or choose one of its other signatures with --signature ({others})" if others else ""
    return f"a model for training on the device: export inference alone{choose}"


def _text(refused: Refused) -> str:
    model = refused.model
    strings = [model.tensors[i] for i in (*model.inputs, *model.outputs) if model.tensors[i].dtype_name == "STRING"]
    touched = any(t.dtype_name == "STRING" for op in model.ops for t in refused.inputs(op))
    if not strings and not touched and not any(op.opcode in TABLES for op in model.ops):
        return ""
    return (
        "reads or writes text (tensors of strings, hash tables): leave that part of the model outside, "
        "and export what computes on numbers"
    )


def _float16(refused: Refused) -> str:
    kinds = {weights for _, _, weights in refused.weighted()}
    kinds |= {t.dtype_name for t in refused.model.tensors if t.has_content}
    if "FLOAT16" not in kinds or any(data == "INT8" for _, data, _ in refused.weighted()):
        return ""
    return (
        "float16 weights: they are quantised for size alone and computed in float32. Export it as int8: leave out "
        f"target_spec.supported_types = [tf.float16], and set {INT8_EXPORT}"
    )


def _hybrid(refused: Refused) -> str:
    found = [
        op for op, data, weights in refused.weighted() if data == "FLOAT32" and weights in ("INT8", "UINT8", "INT4")
    ]
    if not found:
        return ""
    return (
        "a dynamic-range (hybrid) model: weights are int8, but activations float32. "
        f"Export it with a representative_dataset, so that both are int8: {INT8_EXPORT}"
    )


def _uint8(refused: Refused) -> str:
    if not any(data == "UINT8" for _, data, _ in refused.weighted()):
        return ""
    return (
        "a uint8 model, as TensorFlow 1 quantised; TFLM does not run these either. "
        f"Convert the trained model again, as int8 (its edges may be uint8): {INT8_EXPORT}"
    )


def _int16(refused: Refused) -> str:
    wanting = [_op(refused.model, p.index) for p in refused.problems if p.index >= 0]
    names = sorted({op.opcode for op in wanting if [t.dtype_name for t in refused.inputs(op)[:1]] == ["INT16"]})
    if not names:
        return ""
    return (
        f"int16 activations, of which {_some(names)} is refused: int8 has more operators and options. "
        f"Export it with {INT8_EXPORT}"
    )


def _control_flow(refused: Refused) -> str:
    found = sorted({op.opcode for op in refused.model.ops} & FUNCTIONAL)
    if not found:
        return ""
    return (
        f"contains control flow ({', '.join(found)}), which calls other subgraphs: export with loops unrolled "
        "(for a recurrent Keras layer: unroll=True, or a fixed batch size and number of steps)"
    )


def _sparse(refused: Refused) -> str:
    if not any(t.dtype_name.startswith("SPARSE") for t in refused.model.tensors):
        return ""
    return "weights are stored sparsely: export without converter.optimizations = [EXPERIMENTAL_SPARSITY]"


def _open_dimensions(refused: Refused) -> str:
    """Shapes inside are placeholders where the exporter could not follow an open dimension."""
    shapes = [p for p in refused.problems if not p.consequence and p.index >= 0]
    model = refused.model
    touched = (
        model.tensors[i] for p in shapes for i in (*_op(model, p.index).inputs, *_op(model, p.index).outputs) if i >= 0
    )
    if not any(t.is_dynamic and any(n < 0 for n in t.signature[1:]) for t in touched):
        return ""
    return (
        "exported with an open batch size, so that shapes inside are placeholders: export with a fixed one, "
        "as in keras.Input(shape, batch_size=1) or a concrete function of one input_signature"
    )


def _unknown_operators(refused: Refused) -> str:
    names = sorted({p.opcode.removeprefix("CUSTOM:") for p in refused.problems if p.rule == UNKNOWN})
    if not names or any(p.rule != UNKNOWN and not p.consequence for p in refused.problems):
        return ""
    count = "an operator that is" if len(names) == 1 else f"{len(names)} operators that are"
    return f"needs {count} not available here ({_some(names)}): build the model without, or ask for support"


def _edges(refused: Refused) -> str:
    """Nothing is wrong inside, but an input or output has a type that C has no place for."""
    types = sorted({p.found.removeprefix("found ") for p in refused.problems})
    if any(p.opcode or "element type" not in p.rule for p in refused.problems):
        return ""
    return (
        f"has inputs or outputs of type {', '.join(types)}, which are not carried here: "
        "export without them, or as int8, uint8, int16, int32, float32 or bool"
    )


def _remaining(refused: Refused) -> str:
    """None of the kinds above: what is refused most often."""
    causes = [p for p in refused.problems if not p.consequence]
    if not causes:
        return ""
    (kind, count), *others = Counter(p.kind for p in causes).most_common()
    example = next(p for p in causes if p.kind == kind)
    if not others and count == 1:
        return f"one construct is not accepted, {example}"
    more = f" ({len(others)} other kinds)" if others else ""
    return f"{len(causes)} constructs are not accepted, most often {count} x {kind}{more}; first {example.place}"


UNKNOWN = "no such operator here"


def _op(model: RawModel, index: int) -> RawOp:
    return model.ops[index]


def _some(names: Iterator[str] | Sequence[str], most: int = 4) -> str:
    known = list(names)
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")


RECOGNISERS: tuple[Callable[[Refused], str], ...] = (
    _compiled,
    _flex,
    _signal,
    _training,
    _text,
    _float16,
    _hybrid,
    _uint8,
    _int16,
    _control_flow,
    _sparse,
    _open_dimensions,
    _unknown_operators,
    _edges,
    _remaining,
)
