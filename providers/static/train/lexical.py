"""The lexical dimensions: a seeded vector of 1 and -1 a row, by a weight of one byte. The Go side (lexical.go) repeats it."""
import numpy as np
import scipy.sparse as sp

from fit import unit
from tokens import is_punctuation

WIDEST, SHARE = 256, .3
GOLDEN = np.uint64(0x9e3779b97f4a7c15)


def idf(counts: sp.csr_matrix, vocab: list[str]) -> np.ndarray:
    """Inverse document frequency of every row in texts, its highest 255; 0 for marks. uint8 [rows]"""
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    weight = np.log((counts.shape[0] + 1) / (df + 1)) / np.log(counts.shape[0] + 1)
    weight[[len(t) == 1 and is_punctuation(t) for t in vocab]] = 0
    return np.rint(255 * weight).astype(np.uint8)


def signs(n: int, dims: int) -> np.ndarray:
    """The seeded vectors of n rows, float32 [n, dims]: bit j of number k is dimension 64k+j. splitmix64."""
    k = np.arange(WIDEST // 64, dtype=np.uint64)[:dims // 64]
    z = (np.arange(n, dtype=np.uint64)[:, None] * np.uint64(WIDEST // 64) + k + np.uint64(1)) * GOLDEN
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xbf58476d1ce4e5b9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94d049bb133111eb)
    z ^= z >> np.uint64(31)
    bits = z[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    return bits.reshape(n, dims).astype(np.float32) * 2 - 1


def vectors(counts: sp.csr_matrix, rows: np.ndarray, weights: np.ndarray, dims: int) -> np.ndarray:
    """-> the vectors of texts by how often each row occurs in them, with `dims` lexical dimensions behind those of `rows`"""
    meaning = unit(counts @ rows)
    if not dims:
        return meaning
    roots = counts.copy()
    roots.data = np.sqrt(roots.data)
    words = unit(roots @ (weights.astype(np.float32)[:, None] * signs(len(rows), dims)))
    return unit(np.hstack([meaning, np.sqrt(SHARE) * words]))
