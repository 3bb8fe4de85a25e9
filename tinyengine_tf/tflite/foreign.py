"""What a file that is no .tflite file is, from its first bytes, and what to do with it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO

from tinyengine_tf.errors import ModelError

IDENTIFIER = b"TFL3"
EXPORT = "export it with tf.lite.TFLiteConverter and give that file"
MANY_DIGITS = re.compile(rb"(?:0x[0-9a-fA-F]{1,2}\s*,\s*){8}")


def check_identifier(data: bytes, where: str) -> None:
    """Raise a ModelError that says what the file is, unless it has the identifier of .tflite files."""
    if data[4:8] == IDENTIFIER:
        return
    kind, hint = next(
        (found for recognise in RECOGNISERS if (found := recognise(data)) is not None),
        (f"bytes 4 to 8 are {data[4:8]!r}, expected {IDENTIFIER!r}", "pass the output of tf.lite.TFLiteConverter"),
    )
    raise ModelError(f"not a .tflite file: {kind}", where=where, hint=hint)


Found = tuple[str, str] | None
"""(what it is, what to do)."""


def starting(*starts: bytes, kind: str, hint: str) -> Callable[[bytes], Found]:
    return lambda data: (kind, hint) if data.startswith(starts) else None


def _empty(data: bytes) -> Found:
    return None if data.strip(b"\0 \r\n\t") else ("it is empty, or holds nothing but zeros", "export the model again")


def _archive(data: bytes) -> Found:
    """Keras 3, a zipped SavedModel, PyTorch, a numpy .npz, or whatever else is zipped."""
    if not data.startswith(b"PK\x03\x04"):
        return None
    try:
        names = zipfile.ZipFile(BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        names = []
    if any(n.endswith("model.weights.h5") for n in names):
        return "it is a Keras model (.keras)", f"load it with keras.saving.load_model, {EXPORT}"
    if any(n.endswith(("saved_model.pb", "saved_model.pbtxt")) for n in names):
        return "it is a zipped SavedModel", f"unpack it, {EXPORT}"
    if any(n.endswith("data.pkl") for n in names):
        return "it is a PyTorch model", "export it to .tflite first, as ai-edge-torch does"
    inside = [n for n in names if n.endswith((".tflite", ".lite"))]
    return "it is a zip archive", f"unpack {inside[0]} from it" if inside else "unpack it, and give the .tflite file"


def _saved_model(data: bytes) -> Found:
    """A SavedModel or GraphDef: protocol buffers that name TensorFlow's operators early."""
    head = data[:20000]
    if data[:1] not in (b"\x08", b"\x0a") or not (b"Placeholder" in head or b"saved_model" in head or b"NoOp" in head):
        return None
    return "it is a TensorFlow graph (SavedModel or frozen .pb)", EXPORT


def _onnx(data: bytes) -> Found:
    """A protocol buffer: field 1 is a small version, and a producer's name or an operator set follows."""
    if len(data) < 4 or data[0] != 8 or data[1] > 64:
        return None
    head = data[:4096]
    writers = (b"pytorch", b"onnx", b"ONNX", b"tf2onnx", b"keras2onnx", b"skl2onnx")
    if data[2] not in (0x12, 0x1A, 0x22, 0x2A, 0x3A, 0x42) or not any(w in head or w in data[-4096:] for w in writers):
        return None
    return "it is an ONNX model", "convert it to .tflite first (onnx2tf), quantised to int8"


def _source(data: bytes) -> Found:
    """A model as a C array, such as xxd -i prints it."""
    if MANY_DIGITS.search(data[:20000]) is None:
        return None
    return (
        "it is C source with the model as an array",
        "give the .tflite file itself (`xxd -r -p` turns the digits back)",
    )


def _digits(data: bytes) -> Found:
    head = data[:256].strip()
    if len(head) < 16 or re.fullmatch(rb"[A-Za-z0-9+/=\r\n]+", head) is None:
        return None
    return "it is text, probably a model in base64 or hexadecimal digits", "decode it first"


def _text(data: bytes) -> Found:
    try:
        head = data[:200].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not head.isprintable() and not all(c.isprintable() or c in "\r\n\t" for c in head):
        return None
    line = head.strip().splitlines()[0][:60] if head.strip() else ""
    return f"it is text, beginning {line!r}", "give the .tflite file itself"


RECOGNISERS: tuple[Callable[[bytes], Found], ...] = (
    _empty,
    starting(
        b"version https://git-lfs",
        kind="it is a git-lfs pointer; the model itself was not downloaded",
        hint="run `git lfs pull` in the repository",
    ),
    starting(b"\x89HDF\r\n\x1a\n", kind="it is a Keras model (.h5)", hint=f"load it with keras, {EXPORT}"),
    _archive,
    starting(b"\x1f\x8b", kind="it is compressed with gzip", hint="unpack it with gunzip"),
    starting(b"\xfd7zXZ", b"BZh", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd", kind="it is compressed", hint="unpack it first"),
    starting(b"\x93NUMPY", kind="it is a numpy array (.npy)", hint="samples go to --inputs"),
    starting(b"\x7fELF", kind="it is a compiled program (ELF)", hint="give the .tflite file that was built into it"),
    starting(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", kind="it is a Python pickle", hint=EXPORT),
    starting(b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", kind="it is an image or document", hint=EXPORT),
    starting(
        b"<!DOCTYPE",
        b"<!doctype",
        b"<html",
        b"<HTML",
        b"\n<!DOCTYPE",
        kind="it is a web page (HTML), as a download that failed leaves it",
        hint="download the raw file",
    ),
    starting(b"{", b"[", kind="it is JSON text", hint="a TensorFlow.js model is a graph of its own: " + EXPORT),
    lambda data: ("it is cut or shifted: TFL3 stands elsewhere", "download it again") if b"TFL3" in data[:64] else None,
    _onnx,
    _saved_model,
    _source,
    _digits,
    _text,
)
