"""Compiling and running firmware-like programs against the shim."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
SHIM = REPO / "tflm_compat" / "include"
FIRMWARE = Path(__file__).resolve().parent / "firmware"
STRICT = ("-Wall", "-Wextra", "-Werror")
MCU = ("-fno-exceptions", "-fno-rtti")


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """A C and a C++ compiler of one kind."""

    cc: str
    cxx: str
    flags: tuple[str, ...] = ()

    def build(self, folder: Path, sources: list[Path], *flags: str, std: str = "c++11", link: bool = True) -> Path:
        """Compile `sources` (C by .c, else C++) and link them; returns the program's path in `folder`.

        Raises AssertionError with the compiler's output when one does not compile.
        """
        objects = []
        for source in sources:
            is_c = source.suffix == ".c"
            command = [
                self.cc if is_c else self.cxx,
                "-std=c99" if is_c else f"-std={std}",
                *self.flags,
                *STRICT,
                f"-I{SHIM}",
                f"-I{FIRMWARE}",
                *(() if is_c else MCU),
                *flags,
            ]
            objects.append(folder / f"{source.stem}.o")
            run([*command, "-c", str(source), "-o", str(objects[-1])])
        program = folder / "program"
        if link:
            run([self.cxx, *self.flags, *flags, *map(str, objects), "-o", str(program)])
        return program


def run(command: list[str], check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command; with `check`, fail the test with its output when it fails."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if check:
        assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result


def toolchain(name: str) -> Toolchain:
    """The toolchain called gcc, clang or arm; the test is skipped where it is not installed."""
    found = {
        "gcc": Toolchain(cc="gcc", cxx="g++"),
        "clang": Toolchain(cc="clang", cxx="clang++"),
        "arm": Toolchain(cc="arm-none-eabi-gcc", cxx="arm-none-eabi-g++", flags=("-mcpu=cortex-m4", "-mthumb")),
    }[name]
    if shutil.which(found.cxx) is None:
        pytest.skip(f"{found.cxx} is not installed")
    return found
