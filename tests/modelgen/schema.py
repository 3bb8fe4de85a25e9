"""Names of the .tflite schema: operator -> options table, enumeration member -> number.

Written out by hand and kept apart from the reader's own tables, so that one checks the other.
"""

from __future__ import annotations

from typing import Any

import tflite

# Operators whose options table is not <OperatorName>Options; None where the schema has none.
_OPTIONS = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "REDUCE_ANY": "ReducerOptions",
    "REDUCE_ALL": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "BATCH_TO_SPACE_ND": "BatchToSpaceNDOptions",
    "SPACE_TO_BATCH_ND": "SpaceToBatchNDOptions",
    "LSTM": "LSTMOptions",
    "SVDF": "SVDFOptions",
    "PADV2": "PadV2Options",
    "TOPK_V2": "TopKV2Options",
    "SPLIT_V": "SplitVOptions",
    "SELECT_V2": "SelectV2Options",
    "REVERSE_V2": "ReverseV2Options",
}
_TYPE_FIELDS = ("in_data_type", "out_data_type", "out_type", "output_type", "quantized_bias_type")
_ENUMS = {
    "padding": tflite.Padding,
    "fused_activation_function": tflite.ActivationFunctionType,
    "mode": tflite.MirrorPadMode,
    "weights_format": tflite.FullyConnectedOptionsWeightsFormat,
    **dict.fromkeys(_TYPE_FIELDS, tflite.TensorType),
}


def options_name(opcode: str) -> str | None:
    """Name of the options table of a builtin operator: "ADD" -> "AddOptions"; None when it has none."""
    name = _OPTIONS.get(opcode) or "".join(word.capitalize() for word in opcode.split("_")) + "Options"
    return name if hasattr(tflite, f"{name}Start") else None


def option_value(key: str, value: Any) -> Any:
    """Number of an enumeration member given by name; other values as they are."""
    if not isinstance(value, str):
        return value
    assert key in _ENUMS and hasattr(_ENUMS[key], value), f"{key} has no member {value!r}"
    return getattr(_ENUMS[key], value)
