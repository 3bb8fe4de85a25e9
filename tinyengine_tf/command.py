"""How a command ends: errors become a sentence on stderr and an exit code, whatever stdout and stderr are.

The commands of all three packages run in here. Exit codes are those of `errors`; 130: interrupted.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tinyengine_tf.errors import InternalError, TinyEngineError, UsageError

TRACEBACK = "TINYENGINE_TRACEBACK"
INTERRUPTED = 130


def carry_out(prog: str, command: Callable[[], object], *, interrupted: str = "") -> NoReturn:
    """Run `command` and exit with its code: that of its SystemExit, or 0.

    interrupted   what to say at Ctrl-C where nothing better is known
    """
    for stream in (sys.stdout, sys.stderr):  # names in models are Unicode, terminals need not be
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _code(command)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt as stopped:  # carries what is known about files
        _say(", ".join([f"{prog}: interrupted", *map(str, stopped.args or filter(None, [interrupted]))]))
        code = INTERRUPTED
    except BrokenPipeError:  # whoever reads our output has seen enough
        code = 0
    except TinyEngineError as error:
        _say(f"{prog}: {'internal error, please report it: ' if isinstance(error, InternalError) else ''}{error}")
        code = error.exit_code
    except OSError as error:  # of files of the user's each function tells itself: this is stdout, or a temporary file
        place = error.filename or "standard output or a temporary file"
        _say(f"{prog}: {error.strerror or error} ({place})")
        code = UsageError.exit_code
    except Exception as error:
        _say(f"{prog}: internal error, please report it: {_where(error)}")
        code = InternalError.exit_code
    _exit(code)


def _code(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            _say(ended.code)
            return 1
        return ended.code or 0
    return 0


def _where(error: Exception) -> str:
    if os.environ.get(TRACEBACK):
        return "".join(traceback.format_exception(error))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}"
    return f"{type(error).__name__}: {error} ({place})\n  try: {TRACEBACK}=1 in the environment shows more"


def _say(text: str) -> None:
    with suppress(OSError, AttributeError):  # there may be no stderr to say it on
        print(text, file=sys.stderr, flush=True)


def _exit(code: int) -> NoReturn:
    """Leave, although Python fails once more when it flushes a stdout that takes nothing."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
    sys.exit(code)
