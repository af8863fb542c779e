"""fixture.json: texts with their token ids and the head of their vector, which the Go side has to reproduce."""
import json

import numpy as np

import lexical
import table
from tokens import Tokeniser

TEXTS = [
    "", "   ", "Hello, World!", "Café déjà-vu ÉCOLE naïve", "don't re-use state-of-the-art e-mail@example.com", "2024-11-05 3.14% $100",
    "unbelievably antidisestablishmentarianism", "ＦＵＬＬ width ｗｏｒｄ", "中国人民银行在北京。", "我爱Go语言 and Rust", "x" * 101,
    "☃ snow € ±5°C", "tab\tnew\nline\u00a0nbsp\u200bzwsp", "İstanbul ß STRASSE ſ", "日本語カタカナ ひらがな", "한국어 문장", "emoji 😀 ok",
    "word🙂glued", "如何压缩数据？", "數據庫連接失敗，請重試！", "Python3的asyncio模块", "cafe\u0301 ﬁne Ω", "compress data with gzip", "𠀀𠮷龘",
    "co\u00adoperate zero\u200bwidth \ufeffmark", "½ m² №5 ™ ℡", "𝐁𝐨𝐥𝐝 Ⅳ ①", "這裡的復習和著名", "ﾊﾝｶｸ ｶﾅ", "ΣΊΣΥΦΟΣ ϲ", "乾淨的乾坤",
]


def save(path: str, name: str, out: str) -> None:
    """Of the table as stored, 4 bits and all, and the head of 256 lexical dimensions; a text without a known token has no ids
    and zero heads."""
    rows, vocab, idf = table.load(path)
    tokeniser = Tokeniser(vocab)
    entries = []
    for text in TEXTS:
        ids = tokeniser(text)
        v = rows[ids].sum(0, dtype=np.float64)
        v /= np.linalg.norm(v) or 1
        both = lexical.vectors(tokeniser.counts([text]), rows, idf, 256)[0]
        head, words = ([round(float(x), 6) for x in part[:6]] for part in (v, both[rows.shape[1]:]))
        entries.append({"text": text, "ids": ids, "tokens": [vocab[i] for i in ids], "head": head, "lexical": words})
    with open(out, "w", encoding="utf-8") as f:
        json.dump({name: entries}, f, ensure_ascii=False, indent=0)
