"""A file of samples that the user gives -> arrays; nothing in it is trusted.

.npy holds the samples of a model's only input along axis 0, .npz one such array per input, in order. What the headers
announce is checked before anything is read or unpacked, and pickled objects are never loaded.
"""

from __future__ import annotations

import math
import stat
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import Tensor

BYTES_MAX = 1 << 30
SAMPLES_MAX = 100_000
ACCEPTED = (
    "a .npy file (numpy.save) with samples along axis 0, or a .npz file (numpy.savez) with one such array per input, "
    "in the model's own types"
)

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class _Header:
    """What an array in a file says it is."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def load_samples(path: str | Path, inputs: Sequence[Tensor]) -> list[list[Array]]:
    """The samples in a file, each one array per input. Raises UsageError, which says what is accepted."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise UsageError(f"{path} is no regular file", hint=ACCEPTED)
        with open(path, "rb") as file:
            arrays = _load(path, file, inputs)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint=ACCEPTED) from error
    return [list(row) for row in zip(*arrays, strict=True)]


def _load(path: str | Path, file: IO[bytes], inputs: Sequence[Tensor]) -> list[Array]:
    start = file.read(8)
    file.seek(0)
    if start.startswith(b"\x93NUMPY"):
        _check(path, [_guarded(path, lambda: _header(file, str(path)))], inputs)
        file.seek(0)
        return [_guarded(path, lambda: _array(file))]
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with _guarded(path, lambda: zipfile.ZipFile(file)) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            if len(members) != len(inputs):
                raise UsageError(f"{path} has {len(members)} arrays, the model {len(inputs)} inputs", hint=ACCEPTED)
            _check(path, [_guarded(path, lambda m=m: _member(archive, m, True)) for m in members], inputs)  # type: ignore[misc]
            return [_guarded(path, lambda m=m: _member(archive, m, False)) for m in members]  # type: ignore[misc]
    raise UsageError(f"{path} is {_kind(start)}", hint=ACCEPTED)


def _guarded(path: str | Path, read: Callable[[], Any]) -> Any:
    """What `read` gives; numpy and zipfile meet a damaged file with exceptions of a dozen kinds."""
    try:
        return read()
    except Exception as error:
        text = " ".join(str(error).split())[:200]
        raise UsageError(f"cannot read {path}: it is damaged or no file of numpy ({text})", hint=ACCEPTED) from error


def _header(file: IO[bytes], name: str) -> _Header:
    numpy_format: Any = np.lib.format
    version = numpy_format.read_magic(file)
    read = {(1, 0): numpy_format.read_array_header_1_0, (2, 0): numpy_format.read_array_header_2_0}
    if version not in read:
        raise ValueError(f"format {version}")
    shape, _, dtype = read[version](file)
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"shape {shape}")
    return _Header(name, shape, dtype)


def _array(file: IO[bytes]) -> Array:
    numpy_format: Any = np.lib.format
    array: Array = numpy_format.read_array(file, allow_pickle=False)
    return array


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: bool) -> Any:
    with archive.open(member) as file:
        return _header(file, f"array {member.filename.removesuffix('.npy')!r}") if header else _array(file)


def _check(path: str | Path, headers: Sequence[_Header], inputs: Sequence[Tensor]) -> None:
    """Refuse what cannot be samples of these inputs, before it is read."""
    if len(headers) != len(inputs):
        raise UsageError(f"{path} has {len(headers)} array, the model {len(inputs)} inputs", hint=ACCEPTED)
    for header, tensor in zip(headers, inputs, strict=True):
        problem = ""
        if header.dtype.kind not in "biuf":
            problem = f"holds {'Python objects' if header.dtype.hasobject else header.dtype}, not numbers"
        elif not header.shape:
            problem = "is a single number, without samples along axis 0"
        elif math.prod(header.shape[1:]) != tensor.elements:
            problem = f"has samples of shape {header.shape[1:]}, input {tensor.name!r} is {tensor.shape}"
        elif header.shape[0] != headers[0].shape[0]:
            problem = f"has {header.shape[0]} samples, another array {headers[0].shape[0]}"
        elif not header.shape[0]:
            problem = "has no samples"
        elif header.shape[0] > SAMPLES_MAX or header.nbytes > BYTES_MAX // len(inputs):
            problem = (
                f"has {header.shape[0]:,} samples in {header.nbytes:,} bytes; "
                f"at most {SAMPLES_MAX:,} samples and {BYTES_MAX:,} bytes are read"
            )
        if problem:
            raise UsageError(
                f"{header.name} {problem}", where="" if header.name == str(path) else str(path), hint=ACCEPTED
            )


def _kind(start: bytes) -> str:
    known = {
        b"\x89PNG": "a PNG picture",
        b"\xff\xd8\xff": "a JPEG picture",
        b"\x1f\x8b": "compressed by gzip",
        b"\x80\x04": "a pickle",
        b"\x89HDF": "an HDF5 file",
        b"RIFF": "a RIFF file, such as sound",
    }
    return next(
        (kind for magic, kind in known.items() if start.startswith(magic)), "empty" if not start else "no file of numpy"
    )
