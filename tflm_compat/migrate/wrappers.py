"""Libraries that call GetModel() for their users: how they are recognised, and which argument is the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tflm_compat.migrate.outcome import Outcome, Place
from tflm_compat.migrate.program import Program
from tflm_compat.migrate.resolve import Resolver


@dataclass(frozen=True)
class Wrapper:
    """`headers` match what firmware includes; `calls` are (function, which argument is the model)."""

    name: str
    headers: re.Pattern[str]
    calls: tuple[tuple[str, int], ...]
    why: str


WRAPPERS = (
    Wrapper(
        "Eloquent TinyML",
        re.compile(r"(.*/)?(EloquentTinyML|eloquent_tinyml|eloquent_tensorflow\w*|tflm_(cortexm|esp32))(/\w+)*(\.h)?"),
        (("begin", 0), ("initTFModel", 0)),
        "it compiles against the TFLM of its companion library (tflm_esp32, tflm_cortexm): take that one out, and put "
        "{out}/include where it was",
    ),
    Wrapper(
        "MicroTFLite",
        re.compile(r"(.*/)?MicroTFLite\.h"),
        (("ModelInit", 0), ("modelInit", 0)),
        "it depends on an Arduino library of TFLM, and includes the header of AllOpsResolver: remove that "
        "library, keep this one",
    ),
    Wrapper(
        "ArduTFLite",
        re.compile(r"(.*/)?ArduTFLite\.h"),
        (("modelInit", 0), ("ModelInit", 0)),
        "it depends on Chirale_TensorFLowLite: remove that library, keep this one",
    ),
    Wrapper(
        "Adafruit TensorFlow Lite",
        re.compile(r"(.*/)?(Adafruit_TFLite|Adafruit_TensorFlow)\w*\.h"),
        (("loadModel", 0), ("begin", 0)),
        "it depends on Arduino_TensorFlowLite and can read models from a disk",
    ),
    Wrapper(
        "Edge Impulse SDK",
        re.compile(r"(.*/)?(\w+_inferencing\.h|edge-impulse-sdk/.*)"),
        (),
        "it holds a changed copy of TFLM, and its model is either C made by the EON compiler or called through "
        "run_classifier(); keep it, "
        "or download the .tflite from the project's dashboard and call the converted model yourself",
    ),
    Wrapper(
        "Silicon Labs' AI/ML component",
        re.compile(r"(.*/)?sl_tflite_micro_(init|model)\.h"),
        (),
        "sl_tflite_micro_init() makes the interpreter, from the .tflite in config/tflite: TFLM is a "
        "component of the .slcp",
    ),
    Wrapper(
        "Seeed SSCMA",
        re.compile(r"(.*/)?(Seeed_Arduino_SSCMA|sscma\w*)\.h"),
        (),
        "the model runs on another processor that reads it from its own flash",
    ),
    Wrapper(
        "TensorFlow Lite of Arm's ML evaluation kit",
        re.compile(r"(.*/)?(MicroNetworkModel|TflmHelper|BufAttributes)\.hpp"),
        (),
        "its Model class takes the model from generated C++ through GetModelPointer()",
    ),
)


def wrapper_uses(program: Program) -> Iterator[tuple[Wrapper, Place]]:
    """Each wrapper library that the program includes, once."""
    seen = set()
    for path in program.paths:
        text = program.tree.texts[path]
        for match in (
            re.finditer(r"(?m)^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"\n]+)[>\"]", text) if "include" in text else ()
        ):
            for wrapper in WRAPPERS:
                if wrapper not in seen and wrapper.headers.fullmatch(match[1]):
                    seen.add(wrapper)
                    yield wrapper, Place(path, text.count("\n", 0, match.start()) + 1)


def models_given(wrapper: Wrapper, resolver: Resolver) -> Iterator[Outcome]:
    """What is passed as the model to the wrapper's functions."""
    for name, position in wrapper.calls:
        for call in resolver.program.calls(name):
            if call.receiver == "Serial" or position >= len(call.arguments):
                continue
            argument = call.arguments[position]
            if any(token.kind == "name" for token in argument):
                place = Place(call.unit.path, call.line)
                yield from resolver.resolve(argument, call.unit, call.function, place)
