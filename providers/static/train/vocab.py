"""Which rows the table has."""
import glob
import re
from collections import Counter

from tokens import fold, is_cjk, is_punctuation

CHARS, WORDS = 6_000, 8_500  # ideographs and words of two to four ideographs
FULL_WIDTH = "，。、；：？！“”‘’（）《》〈〉【】「」『』…—·～"


def english(bert_vocab: list[str]) -> tuple[list[str], list[int]]:
    """-> rows; their ids in BERT's vocabulary. Without special tokens, other scripts, and what folding makes unreachable."""
    def latin(t: str) -> bool:
        symbol = len(t) == 1 and (is_punctuation(t) or ord(t) < 0x250 or 0x20a0 <= ord(t) < 0x2300)
        return symbol or bool(re.fullmatch(r"[a-z0-9]+", t))

    def keep(t: str) -> bool:
        piece = t[2:] if t.startswith("##") and len(t) > 2 else t
        return not re.match(r"\[.*\]$", t) and latin(piece) and fold(t) == t and not any(map(is_cjk, t))

    ids = [i for i, t in enumerate(bert_vocab) if keep(t)]
    return [bert_vocab[i] for i in ids], ids


def chinese(counts: dict[str, int], have: set[str]) -> list[str]:
    """Full-width punctuation, the most frequent ideographs, and the most frequent words of two to four of them."""
    n: Counter[str] = Counter()
    for w, c in counts.items():
        for x in filter(is_cjk, w):
            n[x] += c
    chars = sorted(n, key=lambda x: (-n[x], x))[:CHARS]
    return [x for x in [*FULL_WIDTH, *chars] if x not in have and fold(x) == x] + frequent(counts, WORDS)


def frequent(counts: dict[str, int], n: int) -> list[str]:
    """The n most frequent words of two to four ideographs."""
    words = (w for w in counts if 2 <= len(w) <= 4 and all(map(is_cjk, w)) and fold(w) == w)
    return sorted(words, key=lambda w: (-counts[w], w))[:n]


def jieba(root: str) -> dict[str, int]:
    """-> the words of jieba's list with their counts"""
    with open(glob.glob(root + "/**/dict.txt", recursive=True)[0], encoding="utf-8") as f:
        rows = (line.split(" ")[:2] for line in f)
        return {w: int(c) for w, c in rows if "\u3400" <= w[0] <= "\u9fff"}
