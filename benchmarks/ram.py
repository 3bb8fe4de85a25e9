"""How little RAM real models need, and what that costs in instructions: measured on an emulated Cortex-M4.

    TINYENGINE_SHARED=../shared PYTHONPATH=. python benchmarks/ram.py [model ...]

RAM is everything in .data and .bss, the arena included; the stack stands beside it. The limits are those that the
project set itself: at most so many bytes with `--optimize ram --io int8`, and at most so many times the instructions
of `--optimize latency`; fed row by row, at most so many bytes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import tinyengine_tf
from tinyengine_tf.lab.verify import Verification

LIMITS: dict[str, tuple[int, float, int | None]] = {
    "mlperf_vww": (36_000, 1.15, 14_000),
    "mlperf_kws": (6_500, 1.15, None),
    "mlperf_ic": (20_000, 1.15, None),
    "mlperf_ad": (1_100, 1.05, None),
    "person_detect": (24_000, 1.15, 14_000),
    "mcunet_vww": (34_000, 1.20, 18_000),
    "mcunetv2_large": (300_000, 1.25, None),
}
"""RAM bytes at most, instructions over latency mode at most, RAM bytes at most when fed by rows."""

HEAD = (
    f"{'model':16}{'latency RAM':>12}{'instructions':>14}{'ram RAM':>10}{'limit':>9}{'stack':>7}{'instructions':>14}"
    f"{'ratio':>8}{'limit':>7}{'fed RAM':>9}{'limit':>8}  exact"
)


def measure(path: Path, optimize: str, feed: str = "frame") -> Verification:
    return tinyengine_tf.verify(path, target="cortex-m4", io="int8", optimize=optimize, feed=feed, count=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", metavar="MODEL", nargs="*", help=f"default: {', '.join(LIMITS)}")
    names = parser.parse_args().models or list(LIMITS)
    if unknown := sorted(set(names) - set(LIMITS)):
        parser.error(f"no limits are set for {', '.join(unknown)}")
    models = Path(os.environ.get("TINYENGINE_SHARED", "../shared")) / "models"
    print(HEAD)
    kept = True
    for name in names:
        most_bytes, most_ratio, most_fed = LIMITS[name]
        path = models / f"{name}.tflite"
        latency, ram = measure(path, "latency"), measure(path, "ram")
        fed = measure(path, "ram", "rows") if most_fed is not None else None
        assert latency.run.instructions and ram.run.instructions
        ratio = ram.run.instructions / latency.run.instructions
        exact = all(v.exact for v in (latency, ram, fed) if v is not None)
        fed_bytes = fed.run.static_ram_bytes if fed is not None else None
        kept &= exact and ram.run.static_ram_bytes <= most_bytes and ratio <= most_ratio
        kept &= fed_bytes is None or most_fed is None or fed_bytes <= most_fed
        print(
            f"{name:16}{latency.run.static_ram_bytes:>12,}{latency.run.instructions:>14,}{ram.run.static_ram_bytes:>10,}{most_bytes:>9,}"
            f"{ram.run.stack_bytes:>7,}{ram.run.instructions:>14,}{ratio:>8.4f}{most_ratio:>7.2f}"
            f"{fed_bytes if fed_bytes is not None else '':>9}{most_fed or '':>8}  {'yes' if exact else 'NO'}",
            flush=True,
        )
    print("every limit is kept" if kept else "NOT every limit is kept")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
