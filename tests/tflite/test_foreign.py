"""Files that are no .tflite files: the message says what they are."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from tests.modelgen.samples import samples
from tinyengine_tf.errors import ModelError
from tinyengine_tf.tflite import read


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"x" * 10)
    return out.getvalue()


MODEL = samples()[0]
ARRAY = "const unsigned char model[] = {\n" + ", ".join(f"0x{b:02x}" for b in MODEL[:64]) + "\n};\n"
FILES = {
    "empty": (b"\0" * 32, "it is empty"),
    "keras": (zipped("metadata.json", "config.json", "model.weights.h5"), r"Keras model \(.keras\)"),
    "saved_model": (zipped("m/saved_model.pb", "m/variables/variables.index"), "zipped SavedModel"),
    "torch": (zipped("archive/data.pkl"), "PyTorch"),
    "zip": (zipped("a/model.tflite"), "zip archive"),
    "h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), r"Keras model \(.h5\)"),
    "gzip": (gzip.compress(MODEL), "gzip"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git-lfs pointer"),
    "html": (b"<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
    "array": (ARRAY.encode(), "C source"),
    "xxd": (b"unsigned char m[] = {\n  0x20, 0x00, 0x00, 0x00, 0x54, 0x46, 0x4c, 0x33, 0x00, 0x00\n};", "C source"),
    "onnx": (b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x10" + bytes(64), "ONNX"),
    "graph": (b"\x0a\x1e\x0a\x05input\x12\x0bPlaceholder" + bytes(64), "TensorFlow graph"),
    "base64": (b"IAAAAFRGTDMAAAAAAAASABwABAAIAAwAEAAUAAAAGAASAAAA" * 4, "base64"),
    "text": (b"hello, this is no model at all", "it is text, beginning 'hello"),
    "shifted": (b"\0\0\0\0" + MODEL, "cut or shifted"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_is(name: str) -> None:
    data, sentence = FILES[name]
    with pytest.raises(ModelError, match="^file: not a .tflite file: .*" + sentence) as caught:
        read(data, "file")
    assert caught.value.hint and "\n" not in caught.value.message


def test_anything_else_names_its_bytes() -> None:
    with pytest.raises(ModelError, match="bytes 4 to 8 are"):
        read(b"\xff\xfe\x00\x01\x80\x81\x82\x83" * 8, "file")
