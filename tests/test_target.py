"""Targets: every shipped file loads and is consistent; users' own files; error messages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tinyengine_tf.errors import UsageError
from tinyengine_tf.target import load_target, target_names

CORES = {"cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "riscv32", "host"}
NOT_EMULATED = {"xtensa-lx6", "xtensa-lx7"}
CORES |= NOT_EMULATED


def test_cores_and_boards_are_there() -> None:
    names = set(target_names())
    assert CORES < names
    assert {"stm32f412", "stm32f746", "stm32f765", "stm32h743", "stm32l4r5", "nrf52840", "rp2040", "esp32-c3"} < names


@pytest.mark.parametrize("name", target_names())
def test_every_target_is_consistent(name: str) -> None:
    target = load_target(name)
    assert target.name == name and target.title and target.package
    assert target.core in CORES and (name not in CORES or target.core == name)
    assert (target.emulator is None) == (target.is_host or target.core in NOT_EMULATED)
    assert target.is_board == (name not in CORES)
    if not target.is_board:
        assert target.ram == () and target.ram_bytes is None and target.flash_bytes is None
        return
    core = load_target(target.core)
    assert (target.isa, target.emulator) == (core.isa, core.emulator)
    assert target.compiler_prefix.partition("-")[0] == core.compiler_prefix.partition("-")[0]
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


def test_esp32_data_memory_is_what_the_manuals_give() -> None:
    """SRAM on the data bus: end addresses are those of the technical reference manuals."""
    ends = {"esp32": 0x3FFE0000 - 0x8000, "esp32-s2": 0x40000000, "esp32-s3": 0x3FCF0000}
    for name, end in ends.items():
        (region,) = load_target(name).ram
        assert region.origin + region.size_bytes == end, name


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


CONSTANTS = '\nconstants = [{{ name = "{}", origin = {}, size_bytes = 64, kind = "flash" }}]'


def board(first: str, second: str = "", name: str = "") -> str:
    """A board with a region A, and perhaps another."""
    regions = [f'{{ name = "A", {first} }}', *([f'{{ name = "{name}", {second} }}'] if name else [])]
    return f'core = "cortex-m4"\nram = [{", ".join(regions)}]'


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
        *(
            (board(f"origin = {o}, size_bytes = 64"), "region A")
            for o in ("-1", "-8", "4", "0xfffffff8", "0x1_0000_0000")
        ),
        (board("origin = 0.5, size_bytes = 64"), "origin is 0.5, expected an integer"),
        (board("origin = true, size_bytes = 64"), "origin is True, expected an integer"),
        *((board(f"origin = 0, size_bytes = {n}"), "region A") for n in ("0", "-8", "99999999999")),
        *((board(f"origin = 0, size_bytes = {n}"), "size_bytes is") for n in ("1.5", "true", "'64'", "nan")),
        (board('origin = 0, size_bytes = 64, kind = "tape"'), "is of kind 'tape'"),
        (board("origin = 0, size_bytes = 64, speed = 1"), "unknown keys speed for Region"),
        (board("origin = 0, size_bytes = 64", "origin = 56, size_bytes = 8", "B"), "regions A [0x0, 0x40) and B"),
        (board("origin = 0, size_bytes = 64", "origin = 64, size_bytes = 8", "a"), "two regions are named a"),
        (board("origin = 0, size_bytes = 64") + CONSTANTS.format("A", 64), "two regions are named A"),
        (board("origin = 0, size_bytes = 64") + CONSTANTS.format("F", 0), "overlap"),
        *(
            (f'core = "cortex-m4"\nclock_hz = {v}', "clock_hz")
            for v in ("0", "-1", "inf", "nan", "1.5", "true", "1" * 20)
        ),
        *(
            (f'core = "cortex-m4"\nmw_per_mhz = {v}', "mw_per_mhz")
            for v in ("0", "-0.1", "inf", "nan", "true", "'x'", "1e9")
        ),
        *((f'core = "cortex-m4"\nflash_bytes = {v}', "flash") for v in ("0", "inf", "1e6", "true", "9" * 12)),
        ('core = "cortex-m4"\ntitle = "a */ b"', "title"),
        ('core = "cortex-m4"\ntitle = "a\\nb"', "title"),
        ("clock_hz = " + "1" * 5000, "not valid TOML"),
        ("core = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_broken_files_say_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_target(path)
    assert message in str(error.value) and ("board" in error.value.where or "target" in error.value.where)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\xff\xfe\x00binary", "not UTF-8"), (b"# " + b"x" * (1 << 20), "no board file"), (None, "no board")],
)
def test_files_that_are_no_board_at_all(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        load_target(path)


def test_absent_file() -> None:
    with pytest.raises(UsageError, match="no such target file"):
        load_target("nowhere/board.toml")
