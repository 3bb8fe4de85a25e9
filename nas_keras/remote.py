"""Stage 1 and the evaluation of candidates on the nodes of a Ray cluster; the outcome is that of one machine.

    search_for_mcu(..., ray="auto")        nas_keras search ... --ray 10.0.0.1:6379

Every node needs this package at the same place or installed, and Python of the same version; Ray is the
extra `ray` of setup.cfg. Stage 1 sends one task per space. For the search, one actor per CPU holds the
super-network; candidates of one generation are evaluated side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nas_keras.families.space import Arch, Space
from nas_keras.search.tinynas import SpaceStats, Task, study
from tinyengine_tf.errors import ToolchainError, UsageError

if TYPE_CHECKING:
    from nas_keras.request import Request


def connect(address: str) -> Any:
    """The ray module, connected to the cluster at `address`; an existing connection is kept.

    Raises ToolchainError without the package, UsageError when there is no cluster at `address`.
    """
    try:
        import ray
    except ImportError as error:
        raise ToolchainError("the package ray is not installed", hint="pip install '.[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False)
        except (ConnectionError, ValueError) as error:
            raise UsageError(
                f"no Ray cluster at {address!r}", where="ray", hint="host:port as `ray start --head` prints it, or auto"
            ) from error
    return ray


def study_all(address: str, tasks: Sequence[Task]) -> Iterator[SpaceStats]:
    """`study(*task)` for each, somewhere on the cluster, in order."""
    ray = connect(address)
    remote = ray.remote(num_cpus=1)(study)
    for reference in [remote.remote(*task) for task in tasks]:
        yield ray.get(reference)


class Candidates:
    """Body of an actor: the super-network and the data on which candidates are compared."""

    def __init__(self, request: Request, space: Space, weights: Sequence[np.ndarray]):
        from nas_keras.train import stages

        net = request.family.supernet(space, request.seed)
        for variable, value in zip(net.variables, weights, strict=True):
            variable.assign(value)
        self._evaluate = stages.evaluator(request, net)

    def fitness(self, arch: Arch) -> float:
        """Accuracy inside the super-network."""
        return self._evaluate([arch])[0]


def evaluator(address: str, request: Request, net: Any) -> tuple[Callable[[Sequence[Arch]], list[float]], int]:
    """(architectures -> accuracies as train.stages.evaluator finds them, how many are evaluated side by side)."""
    ray = connect(address)
    count = max(int(ray.cluster_resources().get("CPU", 1)), 1)
    # The data go once to every node; augmentation is the caller's own function and is not needed.
    bare, weights = (
        ray.put(replace(request, augment=None, distribute=None)),
        ray.put([v.numpy() for v in net.variables]),
    )
    actor = ray.remote(num_cpus=1)(Candidates)
    pool = [actor.remote(bare, net.space, weights) for _ in range(count)]

    def evaluate(archs: Sequence[Arch]) -> list[float]:
        return ray.get([pool[i % count].fitness.remote(arch) for i, arch in enumerate(archs)])

    return evaluate, count
