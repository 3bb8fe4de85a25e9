"""GNU as and clang as the judges: which lines they take, and into which bytes they turn them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

MAINLINE, ARMV6M, HELIUM = "armv7e-m+fp", "armv6s-m", "armv8.1-m.main+mve.fp"
PLACE = 8
"""Bytes that each instruction is given."""


def have_binutils() -> bool:
    return shutil.which("arm-none-eabi-as") is not None


def have_clang() -> bool:
    if shutil.which("clang") is None:
        return False
    done = subprocess.run(["clang", "--target=arm-none-eabi", "-x", "assembler", "-c", "/dev/null", "-o", "/dev/null"])
    return done.returncode == 0


def accepted(lines: Sequence[str], march: str) -> list[bool]:
    """Whether GNU as takes each line, without so much as a warning."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "lines.s")
        source.write_text(".syntax unified\n.thumb\n" + "\n".join(lines) + "\n")
        done = _as(source, march)
    wrong = {int(number) for number in re.findall(r"lines\.s:(\d+): (?:Error|Warning)", done.stderr)}
    return [i + 3 not in wrong for i in range(len(lines))]


def encodings(lines: Sequence[str], march: str, tool: str = "as") -> list[bytes]:
    """The bytes of each line, with zeros behind them."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder, "lines.s"), Path(folder, "lines.bin")
        placed = "\n".join(f".org {PLACE * i}\n{line}" for i, line in enumerate(lines))
        source.write_text(f".syntax unified\n.thumb\n{placed}\n.org {PLACE * len(lines)}\n")
        done = _as(source, march) if tool == "as" else _clang(source, march)
        assert done.returncode == 0, done.stderr[:2000]
        subprocess.run(
            ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", source.with_suffix(".o"), binary], check=True
        )
        data = binary.read_bytes()
    return [data[i : i + PLACE] for i in range(0, PLACE * len(lines), PLACE)]


def _as(source: Path, march: str) -> subprocess.CompletedProcess[str]:
    command = ["arm-none-eabi-as", f"-march={march}", "-o", source.with_suffix(".o"), source]
    return subprocess.run(command, capture_output=True, text=True)


def _clang(source: Path, march: str) -> subprocess.CompletedProcess[str]:
    # clang's names of the same architectures
    march = {MAINLINE: "armv7e-m", ARMV6M: "armv6-m"}.get(march, march)
    command = ["clang", "--target=arm-none-eabi", f"-march={march}", "-mfloat-abi=hard"]
    command += ["-mfpu=fpv4-sp-d16"] if march == "armv7e-m" else []
    return subprocess.run([*command, "-c", "-o", source.with_suffix(".o"), source], capture_output=True, text=True)
