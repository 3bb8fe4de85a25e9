"""Models with several subgraphs: the first is meant, unless a signature is named; TFLM runs the same one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tinyengine_tf import api
from tinyengine_tf.errors import ModelError, UsageError
from tinyengine_tf.tflite import read, with_signature


def part(name: str, opcode: str, width: int) -> ModelBuilder:
    b = ModelBuilder(name)
    x, y = b.input((1, width), scale=0.1), b.tensor((1, width), scale=0.1, zero_point=3)
    b.op(opcode, [x], [y])
    b.output(y)
    return b


def two() -> bytes:
    first = part("decode", "RELU", 4)
    first.others.append(part("encode", "RELU", 6))
    first.signatures |= {"encode": 1, "decode": 0, "lost": 9}
    return first.finish()


def test_the_first_subgraph_is_meant() -> None:
    (op,) = api.load_graph(two()).ops
    assert op.output.shape == (1, 4)
    assert [s.key for s in read(two()).signatures] == ["encode", "decode", "lost"]
    assert_exact(two())


def test_a_signature_puts_its_subgraph_in_front() -> None:
    """For TFLM, too: it runs the same bytes."""
    data = with_signature(two(), "encode")
    assert api.load_graph(data).outputs[0].shape == (1, 6)
    assert_exact(data)
    assert with_signature(two(), "decode") == two()


def test_unknown_signatures_name_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        with_signature(two(), "encoder")
    assert "encode, decode" in caught.value.hint
    with pytest.raises(UsageError, match="names subgraph 9; the file has 2"):
        with_signature(two(), "lost")
    with pytest.raises(ModelError, match="not a .tflite file"):
        with_signature(b"PK", "encode")


def test_every_command_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "two.tflite"
    path.write_bytes(two())
    for command in ("plan", "explain", "pareto", "verify", "convert"):
        more = ["--out", str(tmp_path / "c")] if command == "convert" else []
        words = [command, str(path), "--target", "host", "--signature", "encode", "--json", *more]
        done = subprocess.run(
            [sys.executable, "-m", "tinyengine_tf", *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        json.loads(done.stdout)
    assert "NET_INPUT0_BYTES 6" in (tmp_path / "c/include/net.h").read_text()


def test_noise_for_indices_is_valid(tmp_path: Path) -> None:
    """An embedding of 20 rows: TFLM would read outside of the table for other indices."""
    from tinyengine_tf.lab.verify import random_samples

    b = ModelBuilder()
    x, cast, flat = b.input((1, 50), "FLOAT32"), b.tensor((1, 50), "INT32"), b.tensor((50,), "INT32")
    b.op("CAST", [x], [cast])
    b.op("RESHAPE", [cast, None], [flat], new_shape=[50])
    y = b.tensor((50, 2), scale=0.1)
    b.op("GATHER", [b.const(np.arange(40, dtype=np.int8).reshape(20, 2), scale=0.1), flat], [y], axis=0)
    b.output(y)
    graph = api.load_graph(b.finish())
    (values,) = np.unique(random_samples(graph, 3, 0))[None]
    assert values.min() >= 0 and values.max() == 19 and len(values) == 20
    assert_exact(b.finish(), random_samples(graph, 3, 0))


def test_padding_that_tflm_leaves_undefined_is_said() -> None:
    b = ModelBuilder()
    x, y = b.input((1, 2, 5, 2), scale=0.1, zero_point=5), b.tensor((3, 2, 2, 2), scale=0.1, zero_point=5)
    b.op("SPACE_TO_BATCH_ND", [x, b.const(np.int32([1, 3])), b.const(np.int32([[0, 0], [0, 1]]))], [y])
    b.output(y)
    assert [op.caveat for op in api.load_graph(b.finish()).ops if op.caveat] == [
        "TFLM leaves SPACE_TO_BATCH_ND's padding undefined; here it is the zero point, as in TFLite"
    ]
