"""Findings and the model files that the user gives -> which file is which array; what cannot be told is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tflm_compat.migrate.outcome import Found
from tflm_compat.migrate.scan import Findings
from tinyengine_tf.errors import UsageError

MAX_LISTED = 12


@dataclass(frozen=True)
class GivenModel:
    """A file of the command line; `symbol` is the array it is said to be."""

    name: str
    data: bytes
    symbol: str | None = None


@dataclass(frozen=True)
class Pairing:
    """`array` is None where the model is read at run time or may be anywhere (--keep-flatbuffer)."""

    model: GivenModel
    array: Found | None


def pair_models(findings: Findings, given: Sequence[GivenModel], keep_flatbuffer: bool) -> list[Pairing]:
    """For each file: the array it was said to be, the one with its content, the only one, the only one called like it.

    Arrays with known content that no file is for are paired with that content.
    Raises UsageError where that does not tell.
    """
    if findings.programs:
        raise UsageError(
            f"this folder holds {len(findings.programs)} programs that use TFLM: {listed(findings.programs)}",
            hint="--source FOLDER of one of them",
        )
    left = list(findings.models)
    pairs: list[Pairing] = []
    for model in given:
        array = _choose(findings, model, left, len(given), keep_flatbuffer)
        pairs.append(Pairing(model, array))
        if array in left:
            left.remove(array)
    chosen = [p.array for p in pairs if p.array is not None]
    for other in left:
        if other.data is not None and not any(other.excludes(array) for array in chosen):
            pairs.append(Pairing(GivenModel(plain(other.stem) or "net", other.data, other.symbol), other))
    return pairs


def _choose(
    findings: Findings, model: GivenModel, left: Sequence[Found], count: int, keep_flatbuffer: bool
) -> Found | None:
    if model.symbol is not None:
        return named(findings, model.symbol)
    same = [a for a in left if any(has_content(d.data, model.data) for d in a.definitions)]
    if same:
        return same[0]
    alike = [a for a in left if plain(model.name) in plain(a.symbol)]
    only = len(left) == 1 and count == 1 and not findings.read_at_run_time
    for candidates in (left if only else [], alike):
        if len(candidates) == 1:
            return candidates[0]
    if keep_flatbuffer or findings.read_at_run_time and not left:
        return None
    raise UsageError(_doubt(findings, left), hint=_hint(left))


def named(findings: Findings, symbol: str) -> Found:
    """The array that the user names."""
    for array in (*findings.models, *findings.named):
        if symbol in (array.symbol, array.stem, array.symbol.split("::")[-1]):
            return array
    raise UsageError(
        f"{symbol} is not an array that this firmware has; GetModel is given: "
        + listed([a.symbol for a in findings.models]),
        hint="the name in the sources, or --keep-flatbuffer where there is no array",
    )


def _doubt(findings: Findings, left: Sequence[Found]) -> str:
    lines = [f"which array is the model? GetModel is given: {listed([a.symbol for a in left])}"]
    lines += [f"  {a.symbol}: {a.used}" for a in left[:MAX_LISTED]]
    lines += [f"  read at run time: {r.how} ({r.place})" for r in findings.read_at_run_time]
    lines += [f"  not sure: {u.reason} ({u.place})" for u in findings.unsure[:MAX_LISTED]]
    lines += [f"  {w.name} is used ({place}): {w.why.format(out='DIR')}" for w, place in findings.wrappers]
    lines += [f"  not counted: {place}, {why}" for place, why in findings.elsewhere[:MAX_LISTED]]
    lines += [f"  not read: {path}" for path in findings.unread[:MAX_LISTED]]
    return "\n".join(lines)


def _hint(left: Sequence[Found]) -> str:
    if len(left) > 1:
        return f"--model-symbol NAME, or --model {left[0].symbol}=FILE and so on, one for each"
    return "--model-symbol NAME, or --keep-flatbuffer where the model is read from a file, a partition or the network"


def has_content(array: bytes | None, model: bytes) -> bool:
    """Is it this model, perhaps followed by zeros?"""
    return array is not None and array[: len(model)] == model and not any(array[len(model) :])


def plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def listed(names: Sequence[str]) -> str:
    return (
        ", ".join(names[:MAX_LISTED]) + (f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else "")
        or "none"
    )
