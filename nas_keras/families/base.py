"""What a family of networks must offer, so that everything else need not know what its networks are made of.

Stage 1, strategies, training, cost by the compiler, export and report use Family and the values of `space`, no others.
Another family is a folder beside `mbconv` and one line in `families/__init__.py`, or a package of one's own that
registers an entry point `nas_keras.families`; tests/nas/vector_family.py is a whole one. TensorFlow is imported only
by the methods that say so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from nas_keras.cost.footprint import CostModel, Footprint
from nas_keras.families.space import Arch, Grid, Own
from tinyengine_tf.ir import Graph

if TYPE_CHECKING:
    import tf_keras

    from nas_keras.families.supernet import SuperNet


@dataclass(frozen=True)
class Bounds:
    """What the compiler needs for a network, known before any planning: no less than one, no more than the other.

    Instructions and cycles are not bounded: they are None.
    """

    least: Footprint
    most: Footprint


class Family(ABC):
    """One kind of networks. A subclass has no state: it is made without arguments.

    name            as --family takes it, and as its layouts say.
    takes_any_size  whether `model` also takes inputs with fewer rows and columns than its networks are made for; only
                    such networks can be fine-tuned on smaller images first (SearchBudget.finetune_small).
    """

    name: ClassVar[str]
    takes_any_size: ClassVar[bool] = False

    @abstractmethod
    def grid_for(self, input_shape: tuple[int, int, int], classes: int) -> Grid:
        """The spaces for data of `input_shape` (rows, columns, channels). Raises UsageError where there are none."""

    @abstractmethod
    def arch_from_json(self, value: dict[str, Any]) -> Arch:
        """The network that `Arch.to_json` wrote, also after a trip through a file."""

    @abstractmethod
    def graph(self, arch: Own) -> Graph:
        """The operators of the exported file, with shapes and without weights: what the compiler plans."""

    def bounds(self, arch: Own) -> Bounds | None:
        """Bounds on what the compiler will need, cheaper than a plan; None where a family has none."""
        return None

    def formula(self) -> CostModel | None:
        """A published formula of costs, for `nas_keras space --cost analytic`; None where there is none."""
        return None

    @abstractmethod
    def supernet(self, space: Own, seed: int) -> SuperNet:
        """Fresh weights for all networks of `space`. Imports TensorFlow."""

    @abstractmethod
    def model(self, arch: Own) -> tf_keras.Model:
        """The plain functional model with fresh weights, as quantisation and export read it. Imports TensorFlow."""
