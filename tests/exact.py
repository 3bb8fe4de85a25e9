"""The differential test that every operator goes through: its `compute` and generated C on this host against TFLM.

The C becomes a shared library that is called in this process, which takes a fraction of a second per model.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyengine_tf import api, interpret, passes
from tinyengine_tf.codegen import Bundle, Options, render
from tinyengine_tf.ir import DType, Graph, Tensor
from tinyengine_tf.lab import reference
from tinyengine_tf.lab.closeness import after_libm, is_close
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import load_target

CFLAGS = ("-std=c99", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Wconversion", "-Wcast-align", "-Werror")
SANITIZE = ("-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-fsanitize-undefined-trap-on-error")


FASTEST = Goal("speed")
"""No slower kernel for the sake of memory, as networks of one layer invite: tests of a kernel meet that kernel."""


def write_bundle(bundle: Bundle, folder: Path) -> None:
    for path, text in bundle.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def random_input(tensor: Tensor, rng: np.random.Generator) -> np.ndarray:
    """Values over the whole range of an integer type; floats over twice the range of what they are quantised to."""
    if tensor.dtype is DType.FLOAT32:
        return rng.normal(0.0, 4.0, tensor.shape).astype(np.float32)
    if tensor.dtype is DType.BOOL:
        return rng.integers(0, 2, tensor.shape).astype(bool)
    if tensor.dtype in (DType.INT32, DType.INT64):
        return rng.integers(-1000, 1000, tensor.shape).astype(tensor.dtype.numpy)
    info = np.iinfo(tensor.dtype.numpy)
    return rng.integers(info.min, info.max + 1, tensor.shape).astype(tensor.dtype.numpy)


def random_samples(graph: Graph, count: int, seed: int = 0) -> list[list[np.ndarray]]:
    """Noise, then the two constant extremes of integer inputs, which overflow what noise does not."""
    rng = np.random.default_rng(seed)
    samples = [[random_input(t, rng) for t in graph.inputs] for _ in range(count)]
    for end in ("min", "max"):
        samples.append(
            [
                np.full(t.shape, getattr(np.iinfo(t.dtype.numpy), end), t.dtype.numpy)
                if t.dtype in (DType.INT8, DType.UINT8)
                else random_input(t, rng)
                for t in graph.inputs
            ]
        )
    return samples


class HostModel:
    """Generated C for the host, built as a shared library and loaded."""

    def __init__(self, model: bytes, goal: Goal = FASTEST, *, sanitize: bool = True, arena: ArenaPlan | None = None):
        self.graph = api.load_graph(model)
        self.arena = arena or api.compile_graph(self.graph, load_target("host"), goal)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_bundle(render(self.arena, Options()), root)
            library = root / "net.so"
            sources = [str(p) for p in sorted(root.glob("src/**/*.c"))]
            flags = [*CFLAGS, *(SANITIZE if sanitize else ())]
            done = subprocess.run(
                ["gcc", *flags, f"-I{root}/include", *sources, "-lm", "-o", str(library)],
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr[:3000]
            self._lib = ctypes.CDLL(str(library))
        self.fed, self.image = self.arena.schedule.fed is not None, self.arena.schedule.image is not None
        for function in ("net_output",) if self.fed or self.image else ("net_input", "net_output"):
            getattr(self._lib, function).restype = ctypes.c_void_p
        assert self._lib.net_init(None, ctypes.c_size_t(0)) == 0

    def run(self, sample: Sequence[np.ndarray]) -> list[np.ndarray]:
        values = [np.ascontiguousarray(v, t.dtype.numpy) for t, v in zip(self.graph.inputs, sample, strict=True)]
        if self.fed:
            self._feed(values[0])
        elif self.image:
            self._look_at(values[0])
        else:
            for i, value in enumerate(values):
                ctypes.memmove(self._lib.net_input(i), value.ctypes.data, value.nbytes)
            assert self._lib.net_invoke() == 0
        return [
            np.frombuffer(ctypes.string_at(self._lib.net_output(i), t.nbytes), t.dtype.numpy).reshape(t.shape)
            for i, t in enumerate(self.graph.outputs)
        ]

    def _feed(self, frame: np.ndarray) -> None:
        """Rows in chunks of 1, 2, 3, ... rows, the last one shorter."""
        rows = frame.shape[1]
        done, chunk = 0, 1
        while done < rows:
            part = np.ascontiguousarray(frame[:, done : done + chunk])
            done += part.shape[1]
            assert self._lib.net_feed_rows(ctypes.c_void_p(part.ctypes.data), part.shape[1]) == rows - done
            chunk += 1

    def _look_at(self, image: np.ndarray) -> None:
        """As a window of a larger picture, which the network must not write to nor read beside the window."""
        picture = np.random.default_rng(0).integers(0, 100, (image.shape[1], image.shape[2] + 4, image.shape[3]))
        picture = picture.astype(image.dtype)
        picture[:, :-4] = image[0]
        before = picture.copy()
        pitch = picture.shape[1] * picture.shape[2]
        assert self._lib.net_invoke_image(ctypes.c_void_p(picture.ctypes.data), pitch) == 0
        assert np.array_equal(picture, before)


def assert_exact(
    model: bytes,
    samples: Sequence[Sequence[np.ndarray]] | None = None,
    goal: Goal = FASTEST,
    *,
    count: int = 3,
    seed: int = 0,
    arena: ArenaPlan | None = None,
) -> HostModel:
    """Fail unless the generated C equals TFLM on `samples` (default: `count` of noise and the extremes), bit for bit.

    So must what the operators say they compute, as imported and after all passes.

    arena   a plan for the host to be tried instead of the one that serves `goal` best.
    """
    host = HostModel(model, goal, arena=arena)
    samples = random_samples(host.graph, count, seed) if samples is None else samples
    expected = reference.run(model, samples, isolated=False)
    assert_computed(host.graph, samples, expected)
    assert_same("C", [host.run(sample) for sample in samples], expected)
    return host


def assert_computed(
    graph: Graph, samples: Sequence[Sequence[np.ndarray]], expected: Sequence[Sequence[np.ndarray]]
) -> None:
    """Fail unless the operators say that they compute TFLM's results, as imported and after all passes.

    What depends on a C library, which numpy does not call, need only be close.
    """
    for stage, meant in (("as imported", graph), ("after all passes", passes.run(graph))):
        loose, got = after_libm(meant), interpret.run(meant, samples)
        exact = [i for i, t in enumerate(meant.outputs) if t not in loose]
        assert_same(stage, *([[outputs[i] for i in exact] for outputs in each] for each in (got, expected)))
        for i, t in enumerate(meant.outputs):
            if t in loose:
                for outputs, wanted in zip(got, expected, strict=True):
                    assert is_close(t, outputs[i], np.asarray(wanted[i]).reshape(t.shape)), (stage, i)


def assert_same(what: str, got: Sequence[Sequence[np.ndarray]], expected: Sequence[Sequence[np.ndarray]]) -> None:
    """Fail, saying where, unless all outputs of all samples are TFLM's, bit for bit."""
    for number, (outputs, wanted) in enumerate(zip(got, expected, strict=True)):
        for output, (have, want) in enumerate(zip(outputs, wanted, strict=True)):
            if have.tobytes() != np.ascontiguousarray(want).tobytes():
                want = np.asarray(want).reshape(have.shape)
                where = np.argwhere(have != want)
                first = tuple(where[0]) if len(where) else ()
                raise AssertionError(
                    f"{what}, sample {number}, output {output}: {len(where)} of {have.size} values differ, "
                    f"first at {first}: got {have[first] if first else have}, TFLM {want[first] if first else want}"
                )
