"""The recipe of the second edition: dictionaries, names, sentences and help as parallel text, on the rows of the first.

The English rows stay as they are. A Chinese text's target is the place of its English side. More words get rows.
"""
import random
from dataclasses import dataclass

import numpy as np

import dictionaries
import english
import lexical
import messages
import teacher
import vocab
from fetch import Packages
from first import DIMS, WHITEN
from fit import fit, principal, unit
from tokens import Tokeniser, fold, is_cjk

ENTRIES, HELP, PAIRS = 26_000, 6_000, 16_000  # texts of a kind
PAIRS_E5, WORDS_E5 = 10_000, 10_000  # texts that the Chinese teacher encodes too
NEW = 14_000  # further rows
EPOCHS, STEP, STUDENT = 10, .12, .3


@dataclass
class Table:
    rows: np.ndarray  # float32
    vocab: list[str]
    english: int  # the first rows, which stay as they are


def reachable(t: Table) -> Table:
    """The rows that the tokeniser finds: the first edition's had other rules."""
    def folded(token: str) -> bool:
        piece = token[2:] if token.startswith("##") and len(token) > 2 else token
        return fold(piece) == piece

    keep = [i for i, token in enumerate(t.vocab) if folded(token)]
    return Table(t.rows[keep], [t.vocab[i] for i in keep], sum(i < t.english for i in keep))


def texts(packages: Packages, t: Table, seen: dict[str, int]) -> dict[str, dictionaries.Pairs]:
    """-> (English, Chinese) by kind"""
    entries = dictionaries.cedict(packages)
    words = sorted((w for w in entries if w in seen and len(w) <= 7), key=lambda w: (-seen[w], w))[:ENTRIES]
    rows = set(t.vocab)
    help_text = dictionaries.help_paragraphs(dictionaries.help_pages(packages))
    random.Random(4).shuffle(help_text)
    return {
        "cedict": [(entries[w], w) for w in words],
        "unihan": [pair for pair in dictionaries.unihan(packages) if pair[1] in rows],
        "cldr": dictionaries.cldr(packages),
        "hsk": [pair for pair in dictionaries.hsk(packages) if not dictionaries.held_out(pair[1])],
        "help": help_text[:HELP],
        "pairs": messages.pairs(packages)[:PAIRS],
    }


def space(t: Table, kinds: dict[str, dictionaries.Pairs], of_english: dict[str, np.ndarray], student: dict[str, np.ndarray]):
    """-> from the teacher's space to the table's: its whitened principal directions, turned onto the English rows"""
    rng = np.random.default_rng(0)
    picked = {k: rng.permutation(len(kinds[k]))[:n] for k, n in (("pairs", 4000), ("help", 2000), ("hsk", 1000), ("cedict", 2000))}
    x = np.vstack([of_english[k][i] for k, i in picked.items()])
    y = np.vstack([student[k][i] for k, i in picked.items()])
    x, y = x[np.any(y, 1)], y[np.any(y, 1)]
    x -= x.mean(0)
    p = principal(x, DIMS)
    p *= (((x @ p) ** 2).mean(0) ** (-WHITEN / 2)).astype(np.float32)
    u, _, vt = np.linalg.svd(unit(x @ p).T @ y)
    return (p @ (u @ vt)).astype(np.float32)


def centred(v: np.ndarray) -> np.ndarray:
    """Every kind of text around zero, as in the first edition; a text without a known token stays zero."""
    return unit(v - v.mean(0)) * np.any(v, 1)[:, None]


def add_words(packages: Packages, minilm: teacher.MiniLM, e5: teacher.E5, t: Table) -> tuple[np.ndarray, list[str], np.ndarray]:
    """-> rows, vocabulary, lexical weights"""
    t = reachable(t)
    seen: dict[str, int] = {}
    for w, c in vocab.jieba(packages["jieba"]).items():
        seen[fold(w)] = seen.get(fold(w), 0) + c
    kinds = texts(packages, t, seen)
    of_english = {k: teacher.cached(packages.work, "minilm-" + k, [a for a, _ in pairs], minilm.encode) for k, pairs in kinds.items()}
    words = vocab.frequent(seen, WORDS_E5)
    of_words = teacher.cached(packages.work, "e5-words", words, e5.encode)
    of_pairs = teacher.cached(packages.work, "e5-pairs", [b for _, b in kinds["pairs"][:PAIRS_E5]], e5.encode)

    # The targets: the teacher's place of the English side and, for STUDENT of it, what the table itself says of it.
    rows_of_english = Tokeniser(t.vocab[:t.english])
    student = {k: unit(rows_of_english.counts([a for a, _ in pairs]) @ t.rows[:t.english]) for k, pairs in kinds.items()}
    p = space(t, kinds, of_english, student)
    mean_english = of_english["pairs"][:PAIRS_E5].mean(0)
    u, _, vt = np.linalg.svd((of_pairs - of_pairs.mean(0)).T @ (of_english["pairs"][:PAIRS_E5] - mean_english))

    def place(v: np.ndarray) -> np.ndarray:
        return unit((v - v.mean(0)) @ (u @ vt) @ p)

    targets, meanings = [], {}
    for k, pairs in kinds.items():
        target = unit((of_english[k] - of_english[k].mean(0)) @ p)
        meanings.update((fold(b), t) for (_, b), t in zip(pairs, target))
        if k == "pairs":
            target[:PAIRS_E5] = unit(.7 * target[:PAIRS_E5] + .3 * place(of_pairs))
        targets.append(unit((1 - STUDENT) * target + STUDENT * centred(student[k])))
    targets = np.vstack([*targets, place(of_words)]).astype(np.float32)

    # A new row starts between the sum of the rows that its word had until now and its target, as long as that sum.
    new = further(kinds, seen, set(t.vocab))
    until_now = Tokeniser(t.vocab).counts(new) @ t.rows
    start = unit(unit(until_now) + np.array([meanings[w] for w in new])) * np.linalg.norm(until_now, axis=1, keepdims=True)
    start = np.vstack([t.rows, start])
    rows = t.vocab + new
    tokeniser = Tokeniser(rows)
    counts = tokeniser.counts([b for pairs in kinds.values() for _, b in pairs] + words)
    known = np.diff(counts.indptr) > 0
    print(f"fit: {len(rows) - t.english} rows, {known.sum()} texts", flush=True)
    fitted = fit(start, counts[known], targets[known], epochs=EPOCHS, step=STEP, frozen=t.english, batch=512)
    return fitted, rows, weights(packages, tokeniser, kinds, t.english)


def further(kinds: dict[str, dictionaries.Pairs], seen: dict[str, int], have: set[str]) -> list[str]:
    """-> the most frequent words and names of two to four ideographs that have no row yet"""
    found = dict.fromkeys(fold(b) for k in ("cedict", "cldr") for _, b in kinds[k])
    words = (w for w in found if 2 <= len(w) <= 4 and all(map(is_cjk, w)) and w not in have)
    return sorted(words, key=lambda w: (-seen.get(w, 0), w))[:NEW]


def weights(packages: Packages, tokeniser: Tokeniser, kinds: dict[str, dictionaries.Pairs], n: int) -> np.ndarray:
    """-> the lexical weights, uint8: of the English rows from English text, of the others from Chinese sentences"""
    text = [s for some in english.text(packages).values() for s in some]
    chinese = [b for _, b in messages.pairs(packages)] + [b for k in ("hsk", "help") for _, b in kinds[k]]
    of_english, of_chinese = (lexical.idf(tokeniser.counts(some), tokeniser.vocab) for some in (text, chinese))
    return np.concatenate([of_english[:n], of_chinese[n:]])
