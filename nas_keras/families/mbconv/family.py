"""The family `mbconv`: where each of its parts is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from nas_keras.cost.footprint import Footprint
from nas_keras.families.base import Bounds, Family
from nas_keras.families.mbconv.analytic import GENEROUS, RAW, AnalyticCost
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.graph import build_graph
from nas_keras.families.mbconv.space import Grid, Space, grid_for
from tinyengine_tf.ir import Graph

if TYPE_CHECKING:
    import tf_keras

    from nas_keras.families.mbconv.supernet import SuperNet


class MBConv(Family):
    """Depth of each stage, kernel and expansion of each block are searched."""

    name: ClassVar[str] = "mbconv"
    takes_any_size: ClassVar[bool] = True

    def grid_for(self, input_shape: tuple[int, int, int], classes: int) -> Grid:
        return grid_for(input_shape, classes)

    def arch_from_json(self, value: dict[str, Any]) -> Arch:
        return Arch.from_json(value)

    def graph(self, arch: Arch) -> Graph:
        return build_graph(arch)

    def bounds(self, arch: Arch) -> Bounds:
        """By the layer-by-layer formula: see RAW and GENEROUS."""
        raw, generous = RAW.footprint(arch), GENEROUS.footprint(arch)
        return Bounds(
            Footprint(0, raw.flash_bytes, None, raw.macs), replace(generous, sram_bytes=2 * generous.sram_bytes)
        )

    def formula(self) -> AnalyticCost:
        return AnalyticCost()

    def supernet(self, space: Space, seed: int) -> SuperNet:
        from nas_keras.families.mbconv.supernet import SuperNet

        return SuperNet(space, seed)

    def model(self, arch: Arch) -> tf_keras.Model:
        from nas_keras.families.mbconv.plain import build_model

        return build_model(arch)
