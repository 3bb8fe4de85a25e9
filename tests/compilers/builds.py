"""One network under many compilers and options -> whether it always computes what TFLM does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.exact import random_samples, write_bundle
from tinyengine_tf import api
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.lab import build, emulate, reference
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import Target, load_target


@dataclass(frozen=True)
class Build:
    """A compiler and its options. `compiler` None: the target's GCC."""

    name: str
    optimize: str
    compiler: str | None = None
    cflags: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


GCC = (
    *(Build(f"gcc{level}", level) for level in ("-O0", "-O1", "-O2", "-O3", "-Os", "-Og")),
    Build("gcc-O2-noinline", "-O2", cflags=("-fno-inline", "-fno-inline-functions-called-once")),
    Build("gcc-O2-lto", "-O2", cflags=("-flto",)),
    Build("gcc-O3-lto", "-O3", cflags=("-flto",)),
    Build("gcc-O2-fixed-r9", "-O2", cflags=("-ffixed-r9",)),
)
CLANG = tuple(Build(f"clang{level}", level, "clang") for level in ("-O0", "-O1", "-O2", "-O3", "-Os", "-Oz"))
BUILDS = (*GCC, *CLANG)


def target_or_skip(name: str, compiler: str | None = None) -> Target:
    """The target, or a visible skip where its compiler or emulator, or `compiler`, is absent."""
    target = load_target(name)
    programs = [f"{target.compiler_prefix}gcc", compiler, target.emulator.program if target.emulator else None]
    absent = [program for program in programs if program is not None and shutil.which(program) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")
    return target


class Network:
    """A model's C for a target, generated once, with samples and what TFLM makes of them."""

    def __init__(
        self,
        model: bytes,
        target: Target,
        folder: Path,
        goal: Goal = Goal(),
        *,
        samples: list[list[np.ndarray]] | None = None,
    ):
        graph = api.load_graph(model)
        self.target, self.folder = target, folder
        self.samples = random_samples(graph, 1, seed=1) if samples is None else samples
        self.expected = [
            [np.asarray(output).tobytes() for output in outputs]
            for outputs in reference.run(model, self.samples, isolated=False)
        ]
        write_bundle(render(api.compile_graph(graph, target, goal), Options()), folder / "c")

    def differences(self, builds: Iterable[Build]) -> list[str]:
        """The builds, of those that this target can have, whose outputs are not TFLM's."""
        return [str(b) for b in builds if self.has(b) and self.outputs(b) != self.expected]

    def has(self, choice: Build) -> bool:
        """Whether the options exist for this target's compiler."""
        return "-ffixed-r9" not in choice.cflags or self.target.compiler_prefix.startswith("arm")

    def outputs(self, choice: Build) -> list[list[bytes]]:
        program = build.compile_network(
            self.folder / "c",
            self.target,
            self.folder / choice.name,
            optimize=choice.optimize,
            compiler=choice.compiler,
            extra_cflags=choice.cflags,
        )
        run = emulate.run(program, self.samples)
        return [[output.tobytes() for output in outputs] for outputs in run.outputs]


def null_accesses(source: Path, target: Target, *flags: str) -> list[str]:
    """Where GCC has made an access to a null pointer plus an offset, which its analysis takes for one that never is:
    "FILE: function" for each such function of a C file."""
    folder = source.parent / f"dumps{'_'.join(flags)}"
    folder.mkdir(exist_ok=True)
    command = [f"{target.compiler_prefix}gcc", *target.cflags, *flags, "-fdump-tree-modref2-details", "-c", str(source)]
    subprocess.run(
        [*command, f"-I{source.parent.parent / 'include'}", "-o", str(folder / "x.o")], check=True, cwd=folder
    )
    dumps = list(folder.glob("*.modref2"))
    assert dumps, f"GCC wrote no analysis: {os.listdir(folder)}"
    found = []
    for dump in dumps:
        for function in re.split(r"(?m)^;; Function ", dump.read_text())[1:]:
            if "NULL memory access" in function:
                found.append(f"{source.name}: {function.split(None, 1)[0]}")
    return found
