"""The recipe of the first edition: English from texts, Chinese from translated messages and a word list."""
from dataclasses import dataclass

import numpy as np

import english
import messages
import teacher
import vocab
from fetch import Packages
from fit import fit, principal, sif, unit
from tokens import Tokeniser

DIMS = 256
WHITEN = .8  # a target dimension is divided by variance**(WHITEN / 2)
PAIRS = 36_000  # pairs whose Chinese side the Chinese teacher encodes
WORDS = 25_000  # Chinese words taught by themselves


@dataclass
class English:
    rows: np.ndarray  # [rows, DIMS] float32
    vocab: list[str]
    space: np.ndarray  # [width of the teacher, DIMS]: from its space, mean removed, to the table's


def make_english(packages: Packages, minilm: teacher.MiniLM) -> English:
    text = english.text(packages)
    rows, ids = vocab.english(minilm.vocab)
    alone = teacher.cached(packages.work, "minilm-tokens", ids, minilm.tokens)
    t = np.concatenate([teacher.cached(packages.work, "minilm-" + kind, s, minilm.encode) for kind, s in text.items()])
    counts = Tokeniser(rows).counts([s for texts in text.values() for s in texts])
    known = np.diff(counts.indptr) > 0
    counts, t = counts[known], t[known]
    t -= t.mean(0)  # both languages around zero, so that Chinese can be put beside English
    p = principal(t, DIMS)
    p *= (((t @ p) ** 2).mean(0) ** (-WHITEN / 2)).astype(np.float32)
    print(f"fit: {len(rows)} rows, {len(t)} texts", flush=True)
    start = ((alone - alone.mean(0)) @ p) * sif(counts)
    return English(fit(start, counts, unit(t @ p), epochs=6, step=.1, temperature=.05), rows, p)


def add_chinese(packages: Packages, minilm: teacher.MiniLM, e5: teacher.E5, en: English) -> tuple[np.ndarray, list[str]]:
    """-> rows and vocabulary of both languages; the English rows stay as they are."""
    pairs = messages.pairs(packages)
    seen = vocab.jieba(packages["jieba"])
    words, added = vocab.frequent(seen, WORDS), vocab.chinese(seen, set(en.vocab))
    rows, n = en.vocab + added, len(en.vocab)
    of_english = teacher.cached(packages.work, "minilm-pairs", [a for a, _ in pairs], minilm.encode)
    of_chinese = teacher.cached(packages.work, "e5-pairs", [b for _, b in pairs[:PAIRS]], e5.encode)
    of_rows = teacher.cached(packages.work, "e5-rows", added, e5.encode)
    of_words = teacher.cached(packages.work, "e5-words", words, e5.encode)

    # An orthogonal map from the Chinese teacher's space to the English teacher's, learnt on the pairs.
    mean, mean_english = of_chinese.mean(0), of_english[:PAIRS].mean(0)
    u, _, vt = np.linalg.svd((of_chinese - mean).T @ (of_english[:PAIRS] - mean_english))
    turn = u @ vt

    def place(v: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Every kind of Chinese text around zero, like the English."""
        return unit((v - mean) @ turn @ en.space)

    of_pairs = unit((of_english - mean_english) @ en.space)
    of_pairs[:PAIRS] = unit(.7 * of_pairs[:PAIRS] + .3 * place(of_chinese, mean))
    targets = np.vstack([of_pairs, place(of_words, of_words.mean(0))]).astype(np.float32)
    counts = Tokeniser(rows).counts([b for _, b in pairs] + words)
    known = np.diff(counts.indptr) > 0

    # The start: a row's place times SIF, its frequency the mean of that in the text and that in the word list.
    here, there = np.asarray(counts.sum(0)).ravel()[n:], np.array([seen.get(w, 1) for w in added], float)
    p = (here / here.sum() + there / there.sum()) / 2
    start = place(of_rows, of_rows.mean(0)) * (1e-3 / (1e-3 + p))[:, None]
    start *= np.linalg.norm(en.rows, axis=1).mean() / np.linalg.norm(start, axis=1).mean()
    print(f"fit: {len(added)} rows, {known.sum()} texts", flush=True)
    return fit(np.vstack([en.rows, start]), counts[known], targets[known], epochs=10, step=.05, frozen=n), rows
