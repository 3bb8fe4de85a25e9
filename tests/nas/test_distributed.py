"""Several replicas, workers and nodes find what one machine finds."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nas_keras.data import Coding, Data
from nas_keras.families.mbconv.space import Space

tf = pytest.importorskip("tensorflow")

from nas_keras.families.mbconv.supernet import SuperNet  # noqa: E402
from nas_keras.train.epochs import Recipe  # noqa: E402
from nas_keras.train.supernet import SharedRecipe, train_supernet  # noqa: E402

REPO = Path(__file__).resolve().parents[2]
RECIPE = SharedRecipe(Recipe(epochs=1, batch=64, learning_rate=0.1), networks=3)

# Trains as `train` below does, as one of the workers that TF_CONFIG names; the last arguments are data and output.
WORKER = """
import os, pickle, sys
sys.path.insert(0, sys.argv[1])
import numpy as np, tensorflow as tf
from pathlib import Path
strategy = tf.distribute.MultiWorkerMirroredStrategy()
from nas_keras.data import Coding
from nas_keras.train.supernet import train_supernet
space, train, val, recipe = pickle.loads(Path(sys.argv[2]).read_bytes())
net, history = train_supernet(
    space, train, val, Coding.of(train.x), recipe, folder=Path(sys.argv[3]), verbose=False, distribute=strategy
)
values = {f"v{i}": v.numpy() for i, v in enumerate(net.variables)}
np.savez(sys.argv[4], loss=[m["loss"] for m in history["shared"]], **values)
"""


def close(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    """Equal but for the order of sums, which a few dozen steps of training amplify."""
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0.02, atol=0.01)


@pytest.fixture(scope="module")
def data(stripes: tuple[Data, Data]) -> tuple[Data, Data]:
    return Data(stripes[0].x[:192], stripes[0].y[:192]), Data(stripes[1].x[:64], stripes[1].y[:64])


@pytest.fixture(scope="module")
def alone(tiny_space: Space, data) -> tuple[SuperNet, dict]:
    return train_supernet(tiny_space, *data, Coding.of(data[0].x), RECIPE, verbose=False)


def test_one_step_on_two_replicas_is_the_step_of_one(tiny_space: Space, data) -> None:
    """Two logical CPUs in a process of their own: TensorFlow fixes its devices when it starts."""
    program = """
import sys; sys.path.insert(0, sys.argv[1])
import pickle, numpy as np, tensorflow as tf, tf_keras
from pathlib import Path
cpu, two = tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
from nas_keras.data import Coding
from nas_keras.families.mbconv.supernet import SuperNet
from nas_keras.train.supernet import make_update
from nas_keras.train.epochs import Recipe
space, train = pickle.loads(sys.stdin.buffer.read())
rng = np.random.default_rng(0)
archs = [space.sample(rng) for _ in range(3)]
steps = []
for strategy in (tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    with strategy.scope():
        net = SuperNet(space, seed=1)
        optimizer = tf_keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer.build(net.trainable_variables)
    update = make_update(net, optimizer, Recipe(1), strategy=strategy)
    x, choices = Coding.of(train.x).encode(train.x[:64]), np.stack([net.encode(a) for a in archs])
    found = [[float(v) for v in update(x, train.y[:64], choices, np.zeros((64, 4), np.float32))] for _ in range(2)]
    steps.append((found, [v.numpy() for v in net.variables]))
assert steps[0][0] != [[0, 0]] * 2
np.testing.assert_allclose(steps[0][0], steps[1][0], rtol=1e-4)
for a, b in zip(steps[0][1], steps[1][1], strict=True):
    np.testing.assert_allclose(a, b, atol=1e-4)
"""

    done = subprocess.run(
        [sys.executable, "-c", program, str(REPO)], input=pickle.dumps((tiny_space, data[0])), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_two_workers_train_what_one_machine_trains(tiny_space: Space, data, alone, tmp_path: Path) -> None:

    (tmp_path / "task").write_bytes(pickle.dumps((tiny_space, *data, RECIPE)))
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = os.environ | {"TF_CONFIG": json.dumps(task), "CUDA_VISIBLE_DEVICES": "-1"}
        arguments = [str(REPO), str(tmp_path / "task"), str(tmp_path / "run"), str(tmp_path / f"worker{index}.npz")]
        command = [sys.executable, "-c", WORKER, *arguments]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        for process in processes:
            _, errors = process.communicate(timeout=600)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    net, history = alone
    for index in range(2):
        with np.load(tmp_path / f"worker{index}.npz") as found:
            np.testing.assert_allclose(found["loss"], [m["loss"] for m in history["shared"]], rtol=0.01)
            close([found[f"v{i}"] for i in range(len(net.variables))], [v.numpy() for v in net.variables])
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["supernet_largest.npz", "supernet_shared.npz"]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("localhost", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
