"""The command `tflm_compat`: help for moving firmware from TFLM to generated code.

Exit codes: 0, 1 when migrate found problems, else those of tinyengine_tf.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tflm_compat.migrate import migrate
from tflm_compat.migrate.advise import as_text
from tinyengine_tf.command import carry_out
from tinyengine_tf.version import VERSION

EXIT_PROBLEMS = 1


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the console script."""
    carry_out("tflm_compat", lambda: sys.exit(_migrate(parse(argv))))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tflm_compat", description="Move firmware written for TensorFlow Lite Micro (TFLM) to generated code."
    )
    parser.add_argument("--version", action="version", version=f"tflm_compat {VERSION}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    sub = commands.add_parser(
        "migrate",
        help="read firmware written for TFLM and tell what to change; writes only where told to",
        description="Find model, arena and resolver in firmware, convert the model, tell what to change.",
        epilog="exit codes: 0 done, 1 something in the firmware cannot stay as it is or is not sure, "
        "else those of tinyengine_tf",
    )
    sub.add_argument("--source", required=True, type=Path, metavar="FOLDER", help="the firmware; it is only read")
    sub.add_argument(
        "--model",
        required=True,
        action="append",
        metavar="[SYMBOL=]MODEL.tflite",
        help="the model it runs, as a file; once for each model, with the name of its array where that is not plain",
    )
    sub.add_argument(
        "--target", default="cortex-m4", help="core or board, see `tinyengine_tf targets`; default %(default)s"
    )
    sub.add_argument("--model-symbol", metavar="NAME", help="the (first) model's array, where there are several")
    sub.add_argument(
        "--keep-flatbuffer",
        action="store_true",
        help="leave the model where it is, an array or read at run time; the library is found by its content",
    )
    sub.add_argument("--name", help="prefix of the library's C symbols; default: from the model symbol's name")
    sub.add_argument("--out", type=Path, metavar="DIR", help="write the library there; without it nothing is written")
    sub.add_argument("--force", action="store_true", help="replace files in DIR that this tool did not write")
    sub.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser.parse_args(argv)


def _migrate(arguments: argparse.Namespace) -> int:
    result = migrate(
        arguments.source,
        [_model(text) for text in arguments.model],
        target=arguments.target,
        symbol=arguments.model_symbol,
        name=arguments.name,
        keep_flatbuffer=arguments.keep_flatbuffer,
    )
    if arguments.out is not None:
        result.write(arguments.out, force=arguments.force)
    if arguments.json:
        print(json.dumps(result.as_dict(), indent=1))
    else:
        print(as_text(result, str(arguments.out or "DIR")))
        print(
            f"\nwrote the library to {arguments.out}"
            if arguments.out
            else "\nnothing was written; --out DIR writes the library"
        )
    return EXIT_PROBLEMS if result.problems else 0


def _model(text: str) -> tuple[str | None, Path]:
    """[SYMBOL=]FILE; a file whose own name has an equals sign is a file."""
    symbol, equals, path = text.partition("=")
    return (symbol, Path(path)) if equals and not Path(text).exists() else (None, Path(text))


if __name__ == "__main__":
    main()
