"""examples/tflm_firmware: builds against the shim and recognises all states, here and on an emulated Cortex-M4."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.compat.toolchain import run

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/tflm_firmware"


@pytest.mark.parametrize("goal, tools", [("host", ("g++",)), ("run", ("arm-none-eabi-g++", "qemu-system-arm"))])
def test_example_runs(goal: str, tools: tuple[str, ...], tmp_path: Path) -> None:
    for tool in ("make", *tools):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    result = run(["make", "-C", str(EXAMPLE), goal, f"PYTHON={sys.executable}", f"BUILD={tmp_path}"])
    output = result.stdout + result.stderr
    assert "all states recognised" in output
    assert "warning" not in output
    used, given = map(int, re.findall(r"arena: (\d+) of (\d+) bytes used", output)[0])
    assert used < given / 8


def test_firmware_does_not_know_this_project() -> None:
    code = "".join(
        line for line in (EXAMPLE / "main.cc").read_text().splitlines(keepends=True) if not line.startswith("//")
    )
    assert not re.search(r"tinyengine|te_|tflm_compat", code)
