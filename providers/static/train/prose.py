"""Cutting prose out of documents."""
import glob
import gzip
import html
import os
import re
from collections.abc import Iterator


def clean(s: str) -> str:
    return re.sub(r"\s+", " ", s).strip()


def sentences(paragraph: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z\"(])", paragraph)


def usable(s: str, lo: int = 20, hi: int = 400) -> bool:
    """Prose, not code: long enough, mostly letters, no mark-up left over."""
    letters = sum(c.isalpha() or c == " " for c in s)
    return lo <= len(s) <= hi and letters > .8 * len(s) and not re.search(r"[{}<>|\\]|\(\)|::|__", s)


def without_tags(s: str) -> str:
    return clean(html.unescape(re.sub(r"<[^>]+>", "", s)))


def html_paragraphs(pattern: str) -> Iterator[str]:
    """The paragraphs of the HTML files that match, without code, tables and navigation."""
    for path in sorted(glob.glob(pattern, recursive=True)):
        if not os.path.isfile(path):
            continue
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rb") as f:
            page = f.read().decode("utf-8", "replace")
        page = re.sub(r"(?s)<(pre|script|style|nav|footer|table)\b.*?</\1>", " ", page)
        for m in re.findall(r"(?s)<p\b[^>]*>(.*?)(?=</p>|<p\b|<div\b|<ul\b|</dd>|</li>)", page):
            p = without_tags(m)
            if usable(p, 40, 2000):
                yield p


def passages(paragraphs: list[str], rng) -> list[str]:
    """Passages of two to five neighbouring sentences, 200 to 700 characters long."""
    out = []
    for p in paragraphs:
        ss, i = [s for s in sentences(p) if len(s) < 400], 0
        while i < len(ss):
            n = rng.randint(2, 5)
            t = " ".join(ss[i:i + n])
            i += n
            if 200 <= len(t) <= 700:
                out.append(t)
    return out
