"""Plants each mistake in a copy of the tree and runs the tests that must find it: python -m tests.mutants [TEXT ...]

TEXT chooses mistakes whose path contains it. Exit code 1 when one survives. One at a time, some seconds each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.mistakes import MISTAKES, Mistake

REPO = Path(__file__).resolve().parent.parent.parent
PARTS = ("tinyengine_tf", "nas_keras", "tflm_compat", "tests", "setup.cfg", "pyproject.toml")
FAILED = 1
"""Of pytest: tests ran, and some failed. Other codes are mistakes of ours, such as a test that does not exist."""


def main(chosen: Sequence[str]) -> int:
    survivors = 0
    for mistake in MISTAKES:
        if not chosen or any(text in mistake.path for text in chosen):
            with tempfile.TemporaryDirectory() as folder:
                code = outcome(mistake, Path(folder))
            survivors += code != FAILED
            verdict = "found" if code == FAILED else f"NOT FOUND (pytest: {code})"
            print(f"{verdict:10} {mistake.path}: {mistake.old!r} -> {mistake.new!r}  by {mistake.tests}", flush=True)
    return int(survivors > 0)


def outcome(mistake: Mistake, folder: Path) -> int:
    """pytest's exit code with the mistake planted."""
    for part in PARTS:
        source = REPO / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    path = folder / mistake.path
    text = path.read_text(encoding="utf-8")
    assert text.count(mistake.old) == 1, f"{mistake.path} has {mistake.old!r} {text.count(mistake.old)} times"
    path.write_text(text.replace(mistake.old, mistake.new), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mistake.tests.split()]
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
