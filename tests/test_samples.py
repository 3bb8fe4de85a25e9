"""Files of samples: what is accepted, and that everything else is refused by a sentence, before it is unpacked."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.modelgen.mutate import mutate
from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import DType, Graph, Tensor
from tinyengine_tf.lab.samples import BYTES_MAX, load_samples
from tinyengine_tf.lab.verify import check_samples

IMAGE = Tensor("image", (1, 4, 4, 3), DType.INT8)
LEVEL = Tensor("level", (1, 2), DType.FLOAT32)
IMAGES = np.arange(5 * 48, dtype=np.uint8).astype(np.int8).reshape(5, 4, 4, 3)
LEVELS = np.linspace(0, 1, 10, dtype=np.float32).reshape(5, 2)


def npy(array: np.ndarray, **options: bool) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def npz(**arrays: np.ndarray | bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", array if isinstance(array, bytes) else npy(array))
    return buffer.getvalue()


def announced(shape: tuple[int, ...], dtype: str) -> bytes:
    """A header, and nothing behind it."""
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_one_input(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(npy(IMAGES))
    loaded = load_samples(tmp_path / "x", [IMAGE])
    assert len(loaded) == 5 and all((row[0] == image).all() for row, image in zip(loaded, IMAGES, strict=True))


@pytest.mark.parametrize("compressed", [False, True])
def test_two_inputs_in_order(tmp_path: Path, compressed: bool) -> None:
    (np.savez_compressed if compressed else np.savez)(tmp_path / "x.npz", b=IMAGES, a=np.asfortranarray(LEVELS))
    loaded = load_samples(tmp_path / "x.npz", [IMAGE, LEVEL])
    assert [len(row) for row in loaded] == [2] * 5 and (loaded[4][1] == LEVELS[4]).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello, world", "no file of numpy"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        (b"\x80\x04\x95aaaa", "a pickle"),
        (npy(np.array([{}, []], dtype=object), allow_pickle=True), "Python objects"),
        (npz(x=npy(np.array([{}], dtype=object), allow_pickle=True)), "Python objects"),
        (npy(np.array(["a", "b"])), "not numbers"),
        (npy(np.zeros(3, dtype=[("a", "i1"), ("b", "f4")])), "not numbers"),
        (npy(np.zeros(3, dtype="M8[s]")), "not numbers"),
        (npy(np.zeros((5, 48), complex)), "not numbers"),
        (npy(np.int8(3)), "a single number"),
        (npy(IMAGES[0]), r"samples of shape \(4, 3\), input 'image' is \(1, 4, 4, 3\)"),
        (npy(IMAGES[:0]), "has no samples"),
        (npy(IMAGES)[:-1], "damaged"),
        (npy(IMAGES)[:60], "damaged"),
        (npz(), "0 arrays, the model 1"),
        (npz(x=IMAGES, y=IMAGES), "2 arrays, the model 1"),
        (npz(x=b"not numpy"), "damaged"),
        (npz(x=IMAGES)[:-30], "damaged"),
        (npz(x=IMAGES).replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged"),
        (announced((1 << 40, 48), "|i1"), "at most"),
        (announced((1 << 62, 48), "|i1"), "at most"),
        (announced((200_000, 4, 4, 3), "|i1"), "at most 100,000 samples"),
        (announced((3, 1 << 61), "<f8"), "samples of shape"),
        (announced((-3, 48), "|i1"), "damaged"),
        (announced((True, 48), "|O"), "Python objects"),
        (announced((3, 48), "|i1"), "damaged"),
        (npz(x=announced((1 << 30, 48), "<f8")), "at most"),
        (b"\x93NUMPY\x09\x00" + bytes(50), "damaged"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"(" * 9000, "damaged"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b"[" * 65535, "damaged"),
    ],
)
def test_files_that_are_no_samples(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match=message) as error:
        load_samples(tmp_path / "x", [IMAGE])
    assert "numpy.save" in error.value.hint


def test_what_a_bomb_announces_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10 MB that unpack to 10 GB: the header of the array tells."""
    (tmp_path / "x").write_bytes(npz(x=announced((BYTES_MAX // 48 + 1, 48), "|i1") + bytes(1 << 20)))
    read, most = zipfile.ZipExtFile.read, []

    def counted(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
        most.append(n)
        return read(self, n)

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    with pytest.raises(UsageError, match="at most"):
        load_samples(tmp_path / "x", [IMAGE])
    assert most and all(n is not None and 0 <= n < 70_000 for n in most)


@pytest.mark.parametrize(
    "make", [Path.mkdir, os.mkfifo, lambda place: None, lambda place: place.symlink_to("/dev/zero")]
)
def test_places_that_are_no_files(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    with pytest.raises(UsageError, match="no regular file|No such file"):
        load_samples(tmp_path / "x", [IMAGE])


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files(tmp_path: Path, seed: int) -> None:
    rng, files = random.Random(seed), (npy(IMAGES), npz(x=IMAGES), npy(LEVELS))
    accepted = 0
    for _ in range(200):
        (tmp_path / "x").write_bytes(mutate(rng.choice(files), rng, rng.choice(files)))
        try:
            accepted += bool(check_samples(Graph("g", (IMAGE,), (IMAGE,), ()), load_samples(tmp_path / "x", [IMAGE])))
        except UsageError:
            continue
    assert 0 < accepted < 200


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "NaN"), (np.inf, "NaN"), (1e300, "what float32 cannot hold")],
)
def test_numbers_that_are_none(value: float, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_samples(Graph("g", (LEVEL,), (LEVEL,), ()), [[np.array([0, value])]])


@pytest.mark.parametrize("samples", [[3], [None], [[[[1, 2], [3]]]], [["ab"]], [[object()]]])
def test_samples_that_are_none(samples: list[object]) -> None:
    with pytest.raises(UsageError):
        check_samples(Graph("g", (LEVEL,), (LEVEL,), ()), samples)  # type: ignore[arg-type]
