"""A .tflite file and samples -> what TensorFlow Lite Micro (TFLM) computes for them: the definition of correct.

TFLM comes as the `tflite_micro` package, imported only when it is used (extra [compare]). Its C++ code trusts the
model: an odd file can end the whole process, so every function takes `isolated=True`, which runs it in a process of
its own.

Fetching layers: an interpreter with kPreserveAllTensors plans the arena linearly, so that no buffer is reused, and
GetTensor(index, subgraph) then returns a copy of tensor `index` of the .tflite file as it was stored: the quantised
integers, never dequantised. It reads out of bounds for indices that do not exist or were never given memory; only
outputs of operators are fetched here.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyengine_tf.errors import ToolchainError, UsageError
from tinyengine_tf.lab.isolation import call_isolated

Sample = Sequence[np.ndarray | bytes]

FIRST_ARENA_BYTES = 1 << 20
LAST_ARENA_BYTES = 1 << 30
ARENA_STEP_BYTES = 16
_RESOURCE = 13  # TensorType.RESOURCE of the schema
_TOO_SMALL = re.compile(r"missing: |too small|Failed to allocate|Failed to resize|MemoryError")


class Refused(ToolchainError):
    """TFLM cannot run the model: it lacks an operator, or what the model does with one."""

    @property
    def reason(self) -> str:
        """TFLM's first complaint, on one line."""
        lines = [line.strip() for line in self.message.partition(": ")[2].splitlines()]
        return next((line for line in lines if line), "it does not say why")


@dataclass(frozen=True, kw_only=True)
class Allocations:
    """TFLM's own account of its arena on this host, in bytes.

    `total_bytes` = `head_bytes` (activations, scratch) + `tail_bytes` (persistent tables); `parts` splits the tail by
    TFLM's names. Pointers have 8 bytes here and 4 on a microcontroller, so the tail is larger than on the device.
    """

    total_bytes: int
    head_bytes: int
    tail_bytes: int
    parts: dict[str, int]


def run(
    model: bytes, inputs: Sequence[Sample], *, isolated: bool = False, timeout_s: float = 600.0
) -> list[list[np.ndarray]]:
    """Return for every sample the list of outputs, with the model's own types and shapes.

    A sample is one array or bytes per model input, of the input's size in bytes. Raises ToolchainError when the package
    is absent or TFLM (isolated) crashes, Refused when it cannot run the model, UsageError for inputs of the wrong size.
    """
    return _call(_run, model, inputs, isolated=isolated, timeout_s=timeout_s)


def run_layers(
    model: bytes, inputs: Sequence[Sample], *, isolated: bool = False, timeout_s: float = 600.0
) -> list[dict[int, np.ndarray]]:
    """Return for every sample {tensor index in the file: array} for all outputs of operators of the first subgraph."""
    return _call(_run_layers, model, inputs, isolated=isolated, timeout_s=timeout_s)


def allocations(model: bytes, *, isolated: bool = False, timeout_s: float = 600.0) -> Allocations:
    """Return what TFLM's recording allocator reports after one inference on zeros."""
    return _call(_allocations, model, isolated=isolated, timeout_s=timeout_s)


def smallest_arena_bytes(model: bytes, *, isolated: bool = False, timeout_s: float = 600.0) -> int:
    """Return the smallest arena, a multiple of 16 bytes, with which TFLM accepts the model here (8-byte pointers)."""
    return _call(_smallest_arena, model, isolated=isolated, timeout_s=timeout_s)


def fastest_ns(
    model: bytes, inputs: Sequence[Sample], *, repeats: int = 20, isolated: bool = False, timeout_s: float = 600.0
) -> int:
    """The wall time in ns of the fastest inference, `repeats` per sample, on TFLM's portable reference kernels."""
    return _call(_fastest_ns, model, inputs, repeats, isolated=isolated, timeout_s=timeout_s)


def _call(function: Callable[..., Any], *arguments: Any, isolated: bool, timeout_s: float) -> Any:
    """Call `function` here or, isolated, in a new Python process that may crash without harm."""
    if not isolated:
        return function(*arguments)
    return call_isolated(function, *arguments, where="TFLM", timeout_s=timeout_s)


def _runtime() -> Any:
    try:
        from tflite_micro import runtime
    except ImportError as error:
        message = "the Python package tflite_micro is not installed"
        raise ToolchainError(
            message, where="TFLM", hint="pip install '.[compare]' in tinyengine_tf's folder"
        ) from error
    return runtime


class _Capture:
    """What was written while `_captured` was active; `text` is complete after it ends."""

    text = ""


@contextlib.contextmanager
def _captured() -> Iterator[_Capture]:
    """Collect what C++ writes to file descriptor 2 and what the package prints on sys.stdout."""
    capture = _Capture()
    with tempfile.TemporaryFile() as file, contextlib.redirect_stdout(io.StringIO()):
        sys.stderr.flush()
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield capture
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            capture.text = file.read().decode(errors="replace")


def _try_arena(model: bytes, arena_bytes: int, preserve: bool) -> tuple[Any, str]:
    """Return (interpreter, "") or (None, TFLM's complaint) for one arena size."""
    runtime = _runtime()
    kinds = runtime.InterpreterConfig
    config = kinds.kPreserveAllTensors if preserve else kinds.kAllocationRecording
    interpreter, problem = None, ""
    with _captured() as capture:
        try:
            interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes, intrepreter_config=config)
        except Exception as error:  # the package's own schema reader raises whatever a malformed file leads it to
            problem = f"{type(error).__name__}: {error}"
    return interpreter, f"{capture.text}{problem}" if interpreter is None else ""


def _interpreter(model: bytes, preserve: bool = False) -> Any:
    """Create an interpreter, with four times the arena as long as TFLM says that the arena is too small."""
    arena_bytes = FIRST_ARENA_BYTES
    while True:
        interpreter, problem = _try_arena(bytes(model), arena_bytes, preserve)
        if interpreter is not None:
            return interpreter
        if arena_bytes >= LAST_ARENA_BYTES or not _TOO_SMALL.search(problem):
            raise Refused(f"refused the model: {problem}", where="TFLM", hint="TFLM must support every operator of it")
        arena_bytes *= 4


def _details(model: bytes) -> tuple[int, int, list[int]]:
    """Return the number of inputs and outputs, and the tensor indices that operators write, of the first subgraph.

    Handles of variables, which are no arrays, are left out.
    """
    graph = _runtime().convert_bytearray_to_object(bytearray(model)).subgraphs[0]
    outputs = [index for operator in graph.operators for index in operator.outputs if index >= 0]
    written = [index for index in outputs if graph.tensors[index].type != _RESOURCE]
    return len(graph.inputs), len(graph.outputs), written


def _invoke(interpreter: Any, num_inputs: int, sample: Sample, number: int) -> None:
    """Set all inputs of one sample and invoke."""
    if isinstance(sample, np.ndarray | bytes) or len(sample) != num_inputs:
        raise UsageError(f"sample {number} is not a list of {num_inputs} arrays, one per input", where="TFLM")
    for index, data in enumerate(sample):
        details = interpreter.get_input_details(index)
        shape, dtype = tuple(int(side) for side in details["shape"]), np.dtype(details["dtype"])
        raw = data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()
        expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if len(raw) != expected:
            message = (
                f"sample {number}, input {index} has {len(raw)} bytes, the model takes {expected}: {dtype} {shape}"
            )
            raise UsageError(message, where="TFLM")
        interpreter.set_input(np.frombuffer(raw, dtype).reshape(shape), index)
    problem = ""
    with _captured() as capture:
        try:
            interpreter.invoke()
        except RuntimeError as error:
            problem = str(error)
    if problem:
        raise Refused(f"could not run the model: {problem}\n{capture.text}".strip(), where="TFLM")


def _run(model: bytes, inputs: Sequence[Sample]) -> list[list[np.ndarray]]:
    interpreter = _interpreter(model)
    num_inputs, num_outputs, _ = _details(model)
    results = []
    for number, sample in enumerate(inputs):
        _invoke(interpreter, num_inputs, sample, number)
        results.append([np.array(interpreter.get_output(index)) for index in range(num_outputs)])
    return results


def _fastest_ns(model: bytes, inputs: Sequence[Sample], repeats: int) -> int:
    interpreter = _interpreter(model)
    num_inputs, _, _ = _details(model)
    fastest = None
    for number, sample in enumerate(inputs):
        for _ in range(repeats):
            _invoke(interpreter, num_inputs, sample, number)
            start = time.perf_counter_ns()
            interpreter.invoke()
            spent = time.perf_counter_ns() - start
            fastest = spent if fastest is None else min(fastest, spent)
    if fastest is None:
        raise UsageError("no samples to time", where="TFLM")
    return fastest


def _run_layers(model: bytes, inputs: Sequence[Sample]) -> list[dict[int, np.ndarray]]:
    interpreter = _interpreter(model, preserve=True)
    num_inputs, _, written = _details(model)
    results = []
    for number, sample in enumerate(inputs):
        _invoke(interpreter, num_inputs, sample, number)
        results.append({index: np.array(interpreter.GetTensor(index, 0)["tensor_data"]) for index in written})
    return results


def _allocations(model: bytes) -> Allocations:
    interpreter = _interpreter(model)
    num_inputs, _, _ = _details(model)
    shapes = [interpreter.get_input_details(index) for index in range(num_inputs)]
    _invoke(interpreter, num_inputs, [np.zeros(entry["shape"], entry["dtype"]) for entry in shapes], 0)
    with _captured() as capture:
        interpreter.print_allocations()
    areas = dict(re.findall(r"Arena allocation (\w+) (\d+) bytes", capture.text))
    if not {"total", "head", "tail"} <= areas.keys():
        raise ToolchainError(f"its allocation report was not understood:\n{capture.text}", where="TFLM")
    parts = {name: int(size) for name, size in re.findall(r"'(.+?)' used (\d+) bytes", capture.text)}
    total, head, tail = (int(areas[area]) for area in ("total", "head", "tail"))
    return Allocations(total_bytes=total, head_bytes=head, tail_bytes=tail, parts=parts)


def _smallest_arena(model: bytes) -> int:
    """Bisect between an arena that is refused and one that is accepted."""
    _interpreter(model)
    refused, accepted = 0, FIRST_ARENA_BYTES // ARENA_STEP_BYTES
    while _try_arena(bytes(model), accepted * ARENA_STEP_BYTES, False)[0] is None:
        refused, accepted = accepted, accepted * 4
    while accepted - refused > 1:
        middle = (refused + accepted) // 2
        if _try_arena(bytes(model), middle * ARENA_STEP_BYTES, False)[0] is None:
            refused = middle
        else:
            accepted = middle
    return accepted * ARENA_STEP_BYTES
