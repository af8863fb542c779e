"""The tokeniser, version 2. The Go side (tokens.go) repeats it rule for rule; fixture.json holds both to the same ids."""
import os
import unicodedata

import numpy as np
import scipy.sparse as sp


def is_cjk(c: str) -> bool:
    o = ord(c)
    return 0x3400 <= o <= 0x4DBF or 0x4E00 <= o <= 0x9FFF or 0xF900 <= o <= 0xFAFF or 0x20000 <= o <= 0x2FA1F


def is_punctuation(c: str) -> bool:
    o = ord(c)
    return 33 <= o <= 47 or 58 <= o <= 64 or 91 <= o <= 96 or 123 <= o <= 126 or unicodedata.category(c)[0] == "P"


def is_separator(c: str) -> bool:
    return c.isspace() or unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp")


def traditional() -> dict[int, str]:
    """traditional.txt, which variants.py makes: a traditional character and its simplified form a line."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "traditional.txt"), encoding="utf-8") as f:
        return {ord(line[0]): line[1] for line in f}


SAME = traditional() | {ord("ς"): "σ", ord("\u2044"): "/"}  # the fraction slash is what NFKD makes of ½


def fold(text: str) -> str:
    """Lower case, decomposed (NFKD), without combining marks (Mn) and format characters (Cf: the soft hyphen, characters of no
    width), traditional characters simplified."""
    text = unicodedata.normalize("NFKD", text.lower()).lower()
    return "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf")).translate(SAME)


def words(text: str) -> list[str]:
    """Splits folded text: separators vanish, each punctuation mark is alone, ideographs and everything else are maximal runs."""
    out, word, last = [], "", ""
    for c in text:
        if is_separator(c):
            kind = "separator"
        elif is_cjk(c):
            kind = "ideograph"
        elif is_punctuation(c):
            kind = "punctuation"
        else:
            kind = "word"
        if word and (kind != last or kind == "punctuation"):
            out.append(word)
            word = ""
        if kind != "separator":
            word += c
        last = kind
    return out + [word] if word else out


class Tokeniser:
    LONGEST = 100  # code points of a word

    def __init__(self, vocab: list[str]):
        self.vocab = vocab
        self.row = {t: i for i, t in enumerate(vocab)}
        self.longest = max(map(len, vocab))
        self.known: dict[str, list[int]] = {}

    def __call__(self, text: str) -> list[int]:
        """-> the rows of a text, in order"""
        out = []
        for w in words(fold(text)):
            if w not in self.known:
                self.known[w] = self._word(w)
            out += self.known[w]
        return out

    def _word(self, w: str) -> list[int]:
        """Greedy longest match. In a run of ideographs one that is not covered is skipped; in any other word "##" marks a
        continuation, and a word that is too long or not fully covered is dropped whole."""
        han, out, i = is_cjk(w[0]), [], 0
        if not han and len(w) > self.LONGEST:
            return []
        while i < len(w):
            mark = "##" if i and not han else ""
            j = min(len(w), i + self.longest)
            while j > i and mark + w[i:j] not in self.row:
                j -= 1
            if j > i:
                out.append(self.row[mark + w[i:j]])
                i = j
            elif han:
                i += 1
            else:
                return []
        return out

    def counts(self, texts: list[str]) -> sp.csr_matrix:
        """-> how often each row occurs in each text, sparse [texts, rows] float32"""
        ends, rows = [0], []
        for t in texts:
            rows += self(t)
            ends.append(len(rows))
        ones = np.ones(len(rows), np.float32)
        m = sp.csr_matrix((ones, np.array(rows, np.int64), np.array(ends)), shape=(len(texts), len(self.vocab)))
        m.sum_duplicates()
        return m
