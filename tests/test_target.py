"""Targets: every shipped file loads and is consistent; users' own files; error messages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tinyengine_tf.errors import UsageError
from tinyengine_tf.target import load_target, target_names

CORES = {"cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32", "host"}


def test_cores_and_boards_are_there() -> None:
    names = set(target_names())
    assert CORES < names
    assert {"stm32f412", "stm32f746", "stm32f765", "stm32h743", "stm32l4r5", "nrf52840", "rp2040", "esp32-c3"} < names


@pytest.mark.parametrize("name", target_names())
def test_every_target_is_consistent(name: str) -> None:
    target = load_target(name)
    assert target.name == name and target.title and target.package
    assert target.core in CORES and (name not in CORES or target.core == name)
    assert (target.emulator is None) == target.is_host
    assert target.is_board == (name not in CORES)
    if not target.is_board:
        assert target.ram == () and target.ram_bytes is None and target.flash_bytes is None
        return
    core = load_target(target.core)
    assert (target.isa, target.compiler_prefix, target.emulator) == (core.isa, core.compiler_prefix, core.emulator)
    assert target.datasheet and target.clock_hz and target.ram_bytes == sum(region.size_bytes for region in target.ram)
    assert (target.mw_per_mhz is None) == (target.mw_source == "")
    spans = sorted((region.origin, region.origin + region.size_bytes) for region in target.ram)
    assert all(first[1] <= second[0] for first, second in zip(spans, spans[1:], strict=False))


def test_known_sizes() -> None:
    assert load_target("stm32f412").ram_bytes == 256 * 1024
    assert load_target("stm32f746").ram_bytes == 320 * 1024
    assert load_target("stm32f765").ram_bytes == 512 * 1024
    assert load_target("stm32f746").ram[0].name == "DTCM"
    assert load_target("STM32H743").flash_bytes == 2 * 1024 * 1024


def test_names_are_forgiving_and_values_frozen() -> None:
    target = load_target("Cortex_M4")
    assert target == load_target("cortex-m4") and hash(target) == hash(load_target("CORTEX-M4"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        target.isa = "portable"


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as error:
        load_target("stm32f747")
    assert "did you mean" in str(error.value) and all(name in error.value.hint for name in target_names())


def test_own_file(tmp_path: Path) -> None:
    path = tmp_path / "MyBoard.toml"
    path.write_text(
        'core = "cortex-m4"\nflash_bytes = 1000\nram = [{ name = "A", origin = 0, size_bytes = 10 }]\nclock_hz = 5\n'
    )
    target = load_target(path)
    assert (target.name, target.core, target.flash_bytes, target.ram_bytes) == ("myboard", "cortex-m4", 1000, 10)
    assert load_target(str(path)) == target


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("core = ", "not valid TOML"),
        ('core = "cortex-m5"', "is not one of cortex-m0plus"),
        ('core = "cortex-m4"\nflash = 3', "unknown keys flash for Target; allowed: name"),
        ('title = "x"', "Target lacks core, isa, compiler_prefix, package"),
        ('core = "cortex-m4"\nisa = "neon"', "isa 'neon' is not one of portable, dsp, mve"),
        ('core = "cortex-m4"\nflash_bytes = -1', "flash has -1 bytes"),
        ('core = "cortex-m4"\nram = [{ name = "A", origin = 0 }]', "Region lacks size_bytes"),
        ('core = "cortex-m4"\nram = 5', "ram"),
        ('core = "cortex-m4"\ncflags = "-O2"', "cflags"),
        ('core = "cortex-m4"\nclock_hz = "fast"', "clock_hz"),
        ("core = 5", "core 5 is not one of"),
    ],
)
def test_broken_files_say_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_target(path)
    assert message in str(error.value)


def test_absent_file() -> None:
    with pytest.raises(UsageError, match="no such target file"):
        load_target("nowhere/board.toml")
