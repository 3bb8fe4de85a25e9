"""Figures of the MCUNet papers and released networks that the analytic cost and stage 1 must reproduce."""

from __future__ import annotations

import pytest

from nas_keras.cost.footprint import Limits
from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch, parse
from nas_keras.families.mbconv.patches import PatchCost, stage_macs
from nas_keras.families.mbconv.space import Grid, published_grid
from nas_keras.search.tinynas import Sampling, explore, rank, study

# name: (resolution, stem channels, tokens, MACs in millions, peak out of place, peak in place), peaks in bytes.
RELEASED = {
    "in0": (
        48,
        24,
        "16e1k3 | 16e4k5s2, 16e3k3, 16e4k3 | 24e5k7s2, 24e4k5, 24e5k5 | 48e5k7s2, 48e4k5 |"
        "56e5k3, 56e4k5, 56e5k3 | 112e6k3s2, 112e4k5 | 192e6k3",
        6.4,
        46080,
        46080,
    ),
    "in1": (
        96,
        16,
        "8e1k3 | 16e4k3s2, 16e3k3 | 24e3k7s2, 24e5k3 | 40e5k3s2, 40e4k7 | 48e4k5, 48e3k3, 48e4k3 |"
        "96e5k7s2, 96e4k5, 96e4k5 | 160e6k3",
        12.8,
        92160,
        92160,
    ),
    "in2": (
        160,
        16,
        "8e1k3 | 16e3k5s2, 16e6k7, 16e5k3, 16e5k5 | 24e5k3s2, 24e6k7, 24e6k5 | 40e4k7s2, 40e5k5 |"
        "48e5k3, 48e5k5, 48e4k3 | 96e6k5s2, 96e4k5, 96e3k5, 96e4k3 | 160e5k5",
        67.3,
        332800,
        204800,
    ),
    "in3": (
        176,
        16,
        "8e1k3 | 16e3k7s2, 16e5k3, 16e5k7, 16e4k5 | 24e5k5s2, 24e5k5, 24e5k5 | 40e5k3s2, 40e6k7, 40e4k5 |"
        "48e5k5, 48e5k7, 48e5k3 | 96e6k3s2, 96e5k7, 96e4k3 | 160e5k7",
        81.8,
        340736,
        247808,
    ),
    "in4": (
        160,
        32,
        "16e1k3 | 24e3k7s2, 24e5k3, 24e4k5 | 40e5k7s2, 40e4k3, 40e4k7 | 80e3k7s2, 80e3k3, 80e3k7 |"
        "96e4k3, 96e3k5, 96e3k5 | 192e4k7s2, 192e3k7, 192e3k5 | 320e4k5",
        125.9,
        422400,
        409600,
    ),
}
VWW1 = (
    80,
    16,
    "8e1k3 | 16e6k3s2, 16e3k3, 16e3k3 | 24e3k7s2, 24e6k3, 24e5k5 | 40e6k7s2, 40e6k7 | 48e6k3, 48e4k3 |"
    "96e5k5s2, 96e5k3, 96e4k3 | 160e3k7",
)
# Mean MMACs of the satisfying networks of ten spaces, 320 kB and 1 MB.
SPACES = {
    (0.3, 160): 32.5,
    (0.4, 112): 32.4,
    (0.4, 128): 39.3,
    (0.4, 144): 46.9,
    (0.5, 112): 38.3,
    (0.5, 128): 46.9,
    (0.5, 144): 52.0,
    (0.6, 112): 41.3,
    (0.7, 96): 31.4,
    (0.7, 112): 38.4,
}


def released(name: str) -> Arch:
    resolution, stem, tokens = RELEASED[name][:3]
    return parse(tokens, resolution, 1000, stem)


@pytest.mark.parametrize("name", RELEASED)
def test_released_networks(name: str) -> None:
    *_, macs, out_of_place, in_place = RELEASED[name]
    arch = released(name)
    assert AnalyticCost().footprint(arch).macs / 1e6 == pytest.approx(macs, abs=0.05)
    assert AnalyticCost(inplace_depthwise=False).footprint(arch).sram_bytes == out_of_place
    assert AnalyticCost(count_padded_channel=False).footprint(arch).sram_bytes == in_place
    # The padded channel counts only where the depthwise convolution is the peak.
    assert in_place <= AnalyticCost().footprint(arch).sram_bytes < in_place * 1.05


def test_released_vww_network_has_the_macs_of_the_file() -> None:
    resolution, stem, tokens = VWW1
    assert AnalyticCost().footprint(parse(tokens, resolution, 2, stem)).macs == 11_578_816


def mobilenet_v2() -> Arch:
    """Width 1.0 at 224x224, without the last 1x1 convolution."""
    return parse(
        "16e1k3 | 24e6k3s2, 24e6k3 | 32e6k3s2, 32e6k3, 32e6k3 | 64e6k3s2, 64e6k3, 64e6k3, 64e6k3 |"
        "96e6k3, 96e6k3, 96e6k3 | 160e6k3s2, 160e6k3, 160e6k3 | 320e6k3",
        224,
        1000,
        32,
    )


def test_patches_of_mobilenet_v2() -> None:
    """4 x 4 patches over the stem and four blocks, as in the MCUNetV2 paper."""
    arch, blocks = mobilenet_v2(), 4
    full, clamped = PatchCost(4, blocks, clamp=False), PatchCost(4, blocks)
    assert full.patch_sides(arch)[0] == 75
    assert full.stage_macs(arch) / stage_macs(arch, blocks) == pytest.approx(1.42, abs=0.005)
    assert clamped.stage_macs(arch) / stage_macs(arch, blocks) == pytest.approx(1.31, abs=0.005)
    whole = AnalyticCost(count_padded_channel=False).footprint(arch)
    assert clamped.footprint(arch).macs / whole.macs == pytest.approx(1.10, abs=0.005)
    assert round(whole.sram_bytes / 1024) == 1372 and round(clamped.footprint(arch).sram_bytes / 1024) == 172


def test_one_patch_costs_what_no_patches_cost() -> None:
    arch = released("in1")
    for blocks in (1, 4):
        assert PatchCost(1, blocks).stage_macs(arch) == stage_macs(arch, blocks)
        assert PatchCost(1, blocks).patch_sides(arch)[0] == 96


def test_best_published_space_ranks_first() -> None:
    layout = published_grid(classes=100).layout
    limits, sampling = Limits(sram_bytes=320 * 1024, flash_bytes=1 << 20), Sampling(samples=500, seed=1)
    stats = [study(layout.space(w, (r, r)), AnalyticCost(), limits, sampling) for w, r in SPACES]
    best, *others = rank(stats, sampling)
    assert best.name == "w0.5-r144"
    assert best.p80_macs > max(s.p80_macs for s in others)


def test_memory_moves_the_best_space_as_published() -> None:
    full = published_grid(classes=100)
    grid = Grid(full.layout, (0.4, 0.5, 0.7, 0.9), full.resolutions)
    sampling = Sampling(samples=60, min_survivors=6, max_attempts=60)

    def best(sram_kb: int, flash_kb: int) -> tuple[float, int]:
        limits = Limits(sram_bytes=sram_kb * 1024, flash_bytes=flash_kb * 1024)
        found = rank(explore(grid, AnalyticCost(), limits, sampling), sampling)[0]
        return found.width, found.resolution[0]

    by_sram = [best(sram, 512) for sram in (192, 320, 512)]
    assert [r for _, r in by_sram] == sorted({r for _, r in by_sram}), "more SRAM raises the resolution"
    assert len({w for w, _ in by_sram}) == 1, "and leaves the width"
    small, large = best(256, 512), best(256, 2048)
    assert large[0] > small[0] and large[1] < small[1], "more flash raises the width and lowers the resolution"
