"""Stage 1 of the search on the published grid, by the compiler's own plans: which space, and in what time.

    PYTHONPATH=. python benchmarks/stage1.py [--samples 1000] [--sram 320KB] [--flash 1MB] [--workers COUNT]

9 widths x 12 resolutions for large images, 1,000 classes, Cortex-M4, least RAM. Everything but the time is the same on
every machine.
"""

from __future__ import annotations

import argparse
import os
import time

from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Limits
from nas_keras.families.mbconv.space import published_grid
from nas_keras.search.tinynas import Sampling, SpaceStats, explore, table
from tinyengine_tf.arguments import positive, size


def main() -> None:
    """Print a line for each space as it is done, then the best spaces."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=positive, default=1000, help="networks of each space; default %(default)s")
    parser.add_argument("--sram", type=size, default="320KB", help="default %(default)s")
    parser.add_argument("--flash", type=size, default="1MB", help="default %(default)s")
    parser.add_argument("--workers", type=positive, default=os.cpu_count(), help="processes; default %(default)s")
    options = parser.parse_args()
    begin = time.monotonic()

    def progress(stats: SpaceStats) -> None:
        print(f"{time.monotonic() - begin:6.0f} s  {stats.name}: {stats.satisfying} of {stats.drawn} fit", flush=True)

    sampling = Sampling(samples=options.samples)
    found = explore(
        published_grid(classes=1000),
        CompilerCost("cortex-m4"),
        Limits(sram_bytes=options.sram, flash_bytes=options.flash),
        sampling,
        workers=options.workers,
        progress=progress,
    )
    print(f"\n{table(found, sampling)}\n{time.monotonic() - begin:.0f} s on {options.workers} cores")


if __name__ == "__main__":
    main()
