"""The file of the table: 4 bits a value, one float16 scale and one byte of lexical weight a row in NAME.npz, the tokens in
NAME.vocab.txt; and the file of the Go package."""
import struct

import numpy as np


def save(path: str, rows: np.ndarray, vocab: list[str], idf: np.ndarray) -> None:
    """`rows` uint8 [n, dims/2]: dimension 2i is (byte & 15) - 8, dimension 2i+1 is (byte >> 4) - 8. `scale` float16 [n].
    `idf` uint8 [n]."""
    scale = np.maximum(np.abs(rows).max(1) / 7, 1e-6).astype(np.float16)
    q = np.clip(np.rint(rows / scale.astype(np.float32)[:, None]), -7, 7).astype(np.int16) + 8
    np.savez(path + ".npz", rows=(q[:, 0::2] | q[:, 1::2] << 4).astype(np.uint8), scale=scale, idf=idf)
    with open(path + ".vocab.txt", "w", encoding="utf-8", newline="\n") as f:
        f.write("\n".join(vocab) + "\n")


def load(path: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """-> rows float32 [n, dims], tokens, idf uint8 [n]"""
    with np.load(path + ".npz") as z, open(path + ".vocab.txt", encoding="utf-8", newline="\n") as f:
        return unpack(z["rows"], z["scale"]), f.read().rstrip("\n").split("\n"), z["idf"]


def packed(path: str) -> tuple[np.ndarray, list[str]]:
    """-> rows float32 [n, dims] and tokens of a weights.bin of either edition; table.go describes it"""
    with open(path, "rb") as f:
        b = f.read()
    magic, n, dims = struct.unpack_from("<4sII", b)
    if magic not in (b"vsm1", b"vsm2"):
        raise SystemExit(f"{path} is not a table of this package")
    at = 12 + n * dims // 2
    rows = np.frombuffer(b, np.uint8, n * dims // 2, 12).reshape(n, dims // 2)
    end = at + 2 * n + (n if magic == b"vsm2" else 0)
    return unpack(rows, np.frombuffer(b, "<f2", n, at)), b[end:].decode().split("\n")


def unpack(packed: np.ndarray, scale: np.ndarray) -> np.ndarray:
    rows = np.empty((len(packed), packed.shape[1] * 2), np.float32)
    rows[:, 0::2] = (packed & 15).astype(np.float32) - 8
    rows[:, 1::2] = (packed >> 4).astype(np.float32) - 8
    return rows * scale.astype(np.float32)[:, None]
