"""Operators that TFLM has and this compiler has not: .tflite name -> why, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping

SIGNAL = (
    "audio features are not computed here: call TFLM's signal library (or your own front end) before the network, "
    "and export the network from its features on"
)
CONTROL = "other subgraphs are not run: export with loops unrolled and one branch only"

ABSENT: Mapping[str, str] = {
    "BROADCAST_ARGS": "shapes are known beforehand: export with a fixed batch size, and it is folded away",
    "DYNAMIC_UPDATE_SLICE": "writes at a computed place: keep the whole buffer and use CONCATENATION with SLICE",
    "EMBEDDING_LOOKUP": "use GATHER (tf.gather), which is the same with int8 tables",
    "IF": CONTROL,
    "L2_POOL_2D": "float32 in TFLM; use AVERAGE_POOL_2D, or SQUARE, AVERAGE_POOL_2D and SQRT around int8",
    "REDUCE_ALL": "use REDUCE_MIN over 0 and 1 in int8",
    "WHILE": CONTROL,
    "CUSTOM:CIRCULAR_BUFFER": "runs only every few inferences: use a streaming model with resource variables",
    "CUSTOM:ethos-u": "compiled for an Arm Ethos-U NPU: give the .tflite file that Vela was given",
    "CUSTOM:TFLM_DECODE": "compressed weights: give the model before it was compressed",
    "CUSTOM:TFLite_Detection_PostProcess": "boxes are picked in float32: cut the model before, and pick them in C",
    "CUSTOM:SignalDelay": SIGNAL,
    "CUSTOM:SignalEnergy": SIGNAL,
    "CUSTOM:SignalFftAutoScale": SIGNAL,
    "CUSTOM:SignalFilterBank": SIGNAL,
    "CUSTOM:SignalFilterBankLog": SIGNAL,
    "CUSTOM:SignalFilterBankSpectralSubtraction": SIGNAL,
    "CUSTOM:SignalFilterBankSquareRoot": SIGNAL,
    "CUSTOM:SignalFramer": SIGNAL,
    "CUSTOM:SignalIrfft": SIGNAL,
    "CUSTOM:SignalOverlapAdd": SIGNAL,
    "CUSTOM:SignalPCAN": SIGNAL,
    "CUSTOM:SignalRfft": SIGNAL,
    "CUSTOM:SignalStacker": SIGNAL,
    "CUSTOM:SignalWindow": SIGNAL,
}
