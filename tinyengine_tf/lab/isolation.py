"""A function and its arguments -> its result, from a Python process of its own that may crash without harm."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tinyengine_tf.errors import ToolchainError, UsageError


def call_isolated(function: Callable[..., Any], *arguments: Any, where: str, timeout_s: float) -> Any:
    """Call `function`, which a module defines, in a new process; its ToolchainError or UsageError is raised here.

    where   whose code it runs, for the ToolchainError of a crash or of too long a run
    """
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf_") as folder:
        request, reply = Path(folder, "request"), Path(folder, "reply")
        request.write_bytes(pickle.dumps((function, arguments)))
        code = "import sys; from tinyengine_tf.lab.isolation import serve; serve(*sys.argv[1:])"
        path = os.pathsep.join(filter(None, [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-c", code, str(request), str(reply)]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=timeout_s, env={**os.environ, "PYTHONPATH": path}
            )
        except subprocess.TimeoutExpired as error:
            raise ToolchainError(f"no result after {timeout_s:g} s", where=where, hint="give fewer samples") from error
        if not reply.exists():
            how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
            text = done.stderr.decode(errors="replace").strip()[-2000:]
            raise ToolchainError(
                f"crashed with {how} on this model\n{text}", where=where, hint="the model may be malformed"
            )
        succeeded, value = pickle.loads(reply.read_bytes())
    if succeeded:
        return value
    kind, fields = value
    raise kind(fields["message"], where=fields["where"], hint=fields["hint"])


def serve(request: str, reply: str) -> None:
    """The isolated process: answer one request; the reply appears only when it is complete."""
    function, arguments = pickle.loads(Path(request).read_bytes())
    try:
        answer = True, function(*arguments)
    except (ToolchainError, UsageError) as error:
        answer = False, (type(error), {"message": error.message, "where": error.where, "hint": error.hint})
    partial = Path(f"{reply}.partial")
    partial.write_bytes(pickle.dumps(answer))
    partial.rename(reply)
