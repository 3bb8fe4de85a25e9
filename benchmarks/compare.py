"""Two results of benchmarks/run.py side by side: what a change has cost or saved.

python benchmarks/run.py --json before.json;  (change something);  python benchmarks/run.py --json after.json
python benchmarks/compare.py before.json after.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FIGURES = ("instructions", "flash_bytes", "arena_bytes", "stack_bytes")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--layers", type=int, default=3, help="how many of the most changed layers to list")
    options = parser.parse_args(argv)
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (options.before, options.after))
    for model in sorted(set(before) & set(after)):
        for core in sorted(set(before[model]) & set(after[model])):
            print(f"{model} on {core}")
            print("\n".join(compared(before[model][core], after[model][core], options.layers)))


def compared(before: dict[str, Any], after: dict[str, Any], layers: int) -> list[str]:
    """Lines about one model on one core."""
    lines = [f"  {figure:14} {change(before[figure], after[figure])}" for figure in FIGURES]
    old = {layer["layer"]: layer for layer in before["layers"]}
    moved = [(layer, old[layer["layer"]]) for layer in after["layers"] if layer["layer"] in old]
    moved.sort(key=lambda pair: -abs(pair[0]["instructions"] - pair[1]["instructions"]))
    for new, was in moved[:layers]:
        if new["instructions"] != was["instructions"]:
            kernel = new["kernel"] if new["kernel"] == was["kernel"] else f"{was['kernel']} -> {new['kernel']}"
            lines.append(f"    {new['layer']:8} {change(was['instructions'], new['instructions'])}  {kernel}")
    return lines


def change(before: int, after: int) -> str:
    return f"{before:13,} -> {after:13,}  {after / before - 1:+7.2%}" if before else f"{before:13,} -> {after:13,}"


if __name__ == "__main__":
    main()
