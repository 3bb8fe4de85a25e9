"""Bundles small enough to write thousands of times, what a folder holds, and whether it compiles."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tinyengine_tf.output import LIST

OLD = {
    "include/net.h": "int net_run(void); /* old */\n",
    "src/net.c": '#include "../include/net.h"\n#include "net_weights.h"\nint net_run(void) { return weight; }\n',
    "src/net_weights.h": "extern const int weight; /* old */\n",
    "src/net_weights.c": '#include "net_weights.h"\nconst int weight = 1;\n',
    "src/old_only.c": "int old_only;\n",
    "old/folder/of_old.txt": "old\n",
    "CMakeLists.txt": "project(net)\n",
    "report.json": '{"version": "old"}\n',
}
NEW = {
    **{path: text for path, text in OLD.items() if "old_only" not in path and "old/" not in path},
    "include/net.h": "int net_run(void); /* new */\n",
    "include/more/new.h": "/* new */\n",
    "src/net_weights.h": "extern const int weight; /* new */\n",
    "src/net_weights.c": '#include "net_weights.h"\nconst int weight = 2;\n',
    "report.json": '{"version": "new"}\n',
}


def content(folder: Path) -> dict[str, str]:
    """{path: text} of all files; for links where they lead; empty folders count, too. Without the list of digests."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in files + [f for f in folders if not os.listdir(Path(root) / f) or (Path(root) / f).is_symlink()]:
            place = Path(root) / name
            key = str(place.relative_to(folder))
            if place.is_symlink():
                found[key] = f"-> {os.readlink(place)}"
            elif place.is_dir():
                found[key] = "an empty folder"
            elif name != LIST:
                found[key] = place.read_text()
    return found


def compiles(folder: Path) -> bool:
    """Whether a build of all src/*.c passes."""
    sources = sorted(map(str, (folder / "src").glob("*.c")))
    if not sources:
        return False
    main = b"int net_run(void); int main(void) { return net_run(); }"
    command = ["gcc", "-O0", "-w", "-o", os.devnull, *sources, "-xc", "-"]
    return subprocess.run(command, input=main, capture_output=True).returncode == 0
