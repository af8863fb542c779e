"""The file of the table: 4 bits a value and one float16 scale a row in NAME.npz, the tokens in NAME.vocab.txt."""
import numpy as np


def save(path: str, rows: np.ndarray, vocab: list[str]) -> None:
    """`rows` uint8 [n, dims/2]: dimension 2i is (byte & 15) - 8, dimension 2i+1 is (byte >> 4) - 8. `scale` float16 [n]."""
    scale = np.maximum(np.abs(rows).max(1) / 7, 1e-6).astype(np.float16)
    q = np.clip(np.rint(rows / scale.astype(np.float32)[:, None]), -7, 7).astype(np.int16) + 8
    np.savez(path + ".npz", rows=(q[:, 0::2] | q[:, 1::2] << 4).astype(np.uint8), scale=scale)
    with open(path + ".vocab.txt", "w", encoding="utf-8", newline="\n") as f:
        f.write("\n".join(vocab) + "\n")


def load(path: str) -> tuple[np.ndarray, list[str]]:
    """-> rows float32 [n, dims], tokens"""
    with np.load(path + ".npz") as z, open(path + ".vocab.txt", encoding="utf-8", newline="\n") as f:
        return unpack(z["rows"], z["scale"]), f.read().rstrip("\n").split("\n")


def unpack(packed: np.ndarray, scale: np.ndarray) -> np.ndarray:
    rows = np.empty((len(packed), packed.shape[1] * 2), np.float32)
    rows[:, 0::2] = (packed & 15).astype(np.float32) - 8
    rows[:, 1::2] = (packed >> 4).astype(np.float32) - 8
    return rows * scale.astype(np.float32)[:, None]
