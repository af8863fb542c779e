"""Fitting: the rows move until the normalised sum of a text's rows points where the teacher's vector of that text points."""
import numpy as np
import scipy.sparse as sp


def unit(a: np.ndarray) -> np.ndarray:
    return a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-9)


def sif(counts: sp.csr_matrix, a: float = 3e-4) -> np.ndarray:
    """Smooth inverse frequency a / (a + p) of every row, [rows, 1], p from its counts in the text."""
    p = np.asarray(counts.sum(0)).ravel()
    return (a / (a + p / p.sum()))[:, None].astype(np.float32)


def principal(t: np.ndarray, dims: int) -> np.ndarray:
    """The top eigenvectors of t't as columns."""
    _, u = np.linalg.eigh((t.T @ t).astype(np.float64) / len(t))
    return u[:, ::-1][:, :dims].astype(np.float32)


def fit(start: np.ndarray, counts: sp.csr_matrix, targets: np.ndarray, epochs: int, step: float,
        temperature: float = 0, frozen: int = 0, batch: int = 1024, seed: int = 0) -> np.ndarray:
    """Row-sparse Adam on 1 - cos(student, target), with a temperature plus the cross entropy between the softmax similarities
    within a batch, of the student and of the targets. The step is `step` times the size of a mean entry of `start` and decays
    linearly to zero. The first `frozen` rows stay as they are."""
    rng = np.random.default_rng(seed)
    e = start.astype(np.float32).copy()
    first, second, seen = np.zeros_like(e), np.zeros_like(e), np.zeros((len(e), 1), np.int64)
    size = np.linalg.norm(start, axis=1).mean() / np.sqrt(start.shape[1])
    a_round = len(targets) // batch
    steps = epochs * a_round
    for k in range(steps):
        if k % a_round == 0:
            order = rng.permutation(len(targets))
        texts = order[k % a_round * batch:][:batch]
        x, t = counts[texts], targets[texts]
        rows, places = np.unique(x.indices, return_inverse=True)
        x = sp.csr_matrix((x.data, places, x.indptr), shape=(batch, len(rows)))
        total = x @ e[rows]
        norm = np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6)
        y = total / norm
        dy = -t
        if temperature:
            d = softmax(y @ y.T / temperature) - softmax(t @ t.T / temperature)
            dy = dy + (d + d.T) @ y
        g = x.T @ ((dy - y * (dy * y).sum(1, keepdims=True)) / norm * size).astype(np.float32)
        g, rows = g[rows >= frozen], rows[rows >= frozen]
        seen[rows] += 1
        m, v = .9 * first[rows] + .1 * g, .999 * second[rows] + .001 * g * g
        first[rows], second[rows] = m, v
        move = (m / (1 - .9 ** seen[rows])) / (np.sqrt(v / (1 - .999 ** seen[rows])) + 1e-8)
        e[rows] -= step * size * (1 - k / steps) * move
    return e


def softmax(a: np.ndarray) -> np.ndarray:
    """Of each row, without the entry on the diagonal: a text is not compared with itself."""
    np.fill_diagonal(a, -1e9)
    a = np.exp(a - a.max(1, keepdims=True))
    return a / a.sum(1, keepdims=True)
