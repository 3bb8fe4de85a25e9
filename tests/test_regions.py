"""Memory regions: which are adjacent, what users may ask for."""

from __future__ import annotations

import pytest

from tinyengine_tf.errors import UsageError
from tinyengine_tf.regions import Places, Region, parse_places, spaces
from tinyengine_tf.target import load_target, target_names

KB = 1024
H743 = load_target("stm32h743")


def sizes(name: str) -> list[tuple[str, int, int]]:
    return [(s.name, s.origin, s.size_bytes // KB) for s in load_target(name).spaces]


def test_adjacent_regions_are_one_space() -> None:
    assert sizes("stm32f746") == [("DTCM", 0x20000000, 320)]
    assert sizes("stm32f765") == [("DTCM", 0x20000000, 512)]
    assert sizes("stm32h743") == [
        ("DTCM", 0x20000000, 128),
        ("AXI_SRAM", 0x24000000, 512),
        ("SRAM1", 0x30000000, 288),
        ("SRAM4", 0x38000000, 64),
    ]
    assert sizes("stm32l476") == [("SRAM1", 0x20000000, 96), ("SRAM2", 0x10000000, 32)]
    assert H743.one_piece_bytes == 512 * KB and load_target("portenta-h7").one_piece_bytes == 512 * KB
    assert load_target("cortex-m4").spaces == () and load_target("cortex-m4").one_piece_bytes is None


def test_on_and_off_chip_do_not_join() -> None:
    chip, outside = Region("A", 0, 10, "sram"), Region("B", 10, 10, "psram")
    assert spaces((chip, outside)) == (chip, outside)
    assert spaces((Region("B", 10, 5, "dtcm"), Region("A", 0, 10))) == (Region("A", 0, 15),)


@pytest.mark.parametrize("name", target_names())
def test_regions_of_boards_neither_overlap_nor_share_names(name: str) -> None:
    target = load_target(name)
    regions = sorted((*target.ram, *target.constants), key=lambda r: r.origin)
    assert all(a.origin + a.size_bytes <= b.origin for a, b in zip(regions, regions[1:], strict=False))
    assert len({r.name.lower() for r in regions}) == len(regions)
    assert sum(s.size_bytes for s in target.spaces) == (target.ram_bytes or 0)
    assert target.is_board == bool(target.constants)
    if target.constants:
        assert target.constants[0].size_bytes <= (target.flash_bytes or 0)


def test_users_name_regions_and_sizes() -> None:
    known = (*H743.ram, *H743.constants)
    places = parse_places({"arena": "dtcm:64KB, AXI_SRAM", "weights": "ITCM,FLASH"}, known)
    assert [(r.name, r.size_bytes) for r in places.arena] == [("DTCM", 64 * KB), ("AXI_SRAM", 512 * KB)]
    assert [r.kind for r in places.weights] == ["itcm", "flash"]
    assert parse_places({}, known) == Places()
    assert parse_places({"arena": "FAST:16KB"}, ()).arena == (Region("FAST", -1, 16 * KB),)
    assert parse_places({"weights": "QSPI:1MB:external"}, ()).weights[0].kind == "external"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"arena": "CCM"}, "no region 'CCM'"),
        ({"arena": "DTCM:1MB"}, "DTCM has 131,072 bytes, not 1,048,576"),
        ({"arena": "DTCM,dtcm"}, "named twice"),
        ({"stack": "DTCM"}, "no place of its own"),
        ({"arena": "DTCM:much"}, "is no size"),
        ({"arena": "a-b:5"}, "cannot name"),
        ({"arena": "A:5:fast"}, "of kind 'fast'"),
    ],
)
def test_wrong_places_are_told(given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_places(given, H743.ram)
