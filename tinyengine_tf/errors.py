"""Every error a user can meet: where it happened, what was found, what is accepted, what to try.

Each class fixes the exit code of the command line, so scripts can tell the causes apart:

    2  UsageError        the command or call was wrong
    3  ModelError        the file is not a well-formed .tflite
    4  UnsupportedError  well-formed, but outside what the converter accepts
    5  DoesNotFitError   the budget cannot be met
    6  ToolchainError    a compiler, emulator or package is missing or failed
    7  MismatchError     the generated code and the reference disagree
   70  InternalError     a broken invariant: our bug, please report it
"""

from __future__ import annotations

from collections.abc import Sequence


class TinyEngineError(Exception):
    """Base class. `where` names the place, `hint` says what to try; both are optional."""

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = ""):
        self.message, self.where, self.hint = message, where, hint
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  try: {self.hint}" if self.hint else text


class UsageError(TinyEngineError):
    """The caller asked for something that has no meaning."""

    exit_code = 2


class ModelError(TinyEngineError):
    """The file is truncated, corrupt or inconsistent."""

    exit_code = 3


class UnsupportedError(TinyEngineError):
    """A well-formed model uses something the converter does not accept.

    problems   every offending operator at once, one sentence each; the message shows the first few
    verdict    what the model is and what to do about it, the message's first line; by default the number of problems
    summary    the problems by kind, one line each
    """

    exit_code = 4
    SHOWN = 5

    def __init__(
        self,
        problems: Sequence[str],
        *,
        verdict: str = "",
        summary: Sequence[str] = (),
        where: str = "",
        hint: str = "",
    ):
        self.problems, self.verdict, self.summary = tuple(problems), verdict, tuple(summary)
        head = verdict or f"{len(problems)} unsupported construct{'s' if len(problems) != 1 else ''}"
        lines = [head, *(f"  {line}" for line in self.summary), *(f"  - {p}" for p in self.problems[: self.SHOWN])]
        if len(self.problems) > self.SHOWN:
            lines.append(f"  - and {len(self.problems) - self.SHOWN} more")
        super().__init__("\n".join(lines), where=where, hint=hint)


class DoesNotFitError(TinyEngineError):
    """Memory needed exceeds the budget; `needed_bytes` and `budget_bytes` say by how much."""

    exit_code = 5

    def __init__(self, message: str, *, needed_bytes: int, budget_bytes: int, where: str = "", hint: str = ""):
        self.needed_bytes, self.budget_bytes = needed_bytes, budget_bytes
        super().__init__(message, where=where, hint=hint)


class ToolchainError(TinyEngineError):
    """A compiler, emulator or Python package is missing or failed."""

    exit_code = 6


class MismatchError(TinyEngineError):
    """Generated code and TFLM's reference disagree."""

    exit_code = 7


class InternalError(TinyEngineError):
    """A broken invariant inside this project."""

    exit_code = 70


class InvalidIR(InternalError):
    """A pass or the importer built a graph that violates the rules of `ir`."""


class BadPlan(InternalError):
    """The independent verifier rejected a memory plan."""
