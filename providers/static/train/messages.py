"""Pairs of an English message and its Chinese translation, out of the translation files of programs."""
import gettext
import glob
import json
import os
import random
import re
from collections.abc import Iterator

from fetch import Packages
from prose import clean

CJK = re.compile(r"[\u3400-\u9fff]")
Pairs = Iterator[tuple[str, str]]


def pairs(packages: Packages) -> list[tuple[str, str]]:
    """-> (English, Chinese), both plain text, no pair twice, in an order fixed by a seed"""
    out: dict[tuple[str, str], None] = {}
    programs = [s for s in packages.pinned.values() if s.use == "en-zh" and s.text.startswith("messages of ")]
    for program in programs:
        before = len(out)
        for english, chinese in translations(packages[program.name]):
            pair = message(english), message(chinese)
            if good(*pair):
                out[pair] = None
        print(f"  {program.name:30s} {len(out) - before:6d} pairs", flush=True)
    shuffled = list(out)
    random.Random(2).shuffle(shuffled)
    return shuffled


def good(english: str, chinese: str) -> bool:
    if not (3 <= len(english) <= 500 and 2 <= len(chinese) <= 250) or CJK.search(english):
        return False
    return len(CJK.findall(chinese)) >= max(1, .3 * len(chinese))


def message(s: str) -> str:
    """A message without place-holders, mark-up and accelerator keys."""
    s = re.sub(r"<[^>]+>|%%|%(\(\w+\))?[-+ #0-9.*$]*[a-zA-Z]+|%\d|\$?\{+[^{}]*\}+|\[%key:[^\]]*%\]|&(?=\w)|[`*_]{1,3}", " ", s)
    s = re.sub(r"\(\s*\)|（\s*）|\"\s*\"|“\s*”|'\s*'|「\s*」", " ", s)
    return clean(s).strip(" :：,，-")


def translations(root: str) -> Pairs:
    """All pairs of one unpacked package: gettext's two formats, and JSON files side by side. Not of the libraries that Kolibri
    bundles (kolibri/dist), which are under other licences."""
    def find(pattern: str) -> list[str]:
        return sorted(p for p in glob.glob(root + pattern, recursive=True) if "/kolibri/dist/" not in p)

    for folder in ("zh_Hans*", "zh_CN", "zh"):
        for path in find(f"/**/{folder}/LC_MESSAGES/*.po"):
            yield from read_po(path)
    for path in find("/**/zh_CN/LC_MESSAGES/*.mo"):
        if not os.path.exists(path[:-3] + ".po"):
            yield from read_mo(path)
    for path in find("/kolibri/locale/zh_Hans/LC_MESSAGES/*-messages.json"):
        yield from read_json(path.replace("/zh_Hans/", "/en/"), path)
    for path in find("/homeassistant/components/*/translations/zh-Hans.json"):
        yield from read_json(path.replace("zh-Hans.json", "en.json"), path)
    for path in find("/hass_frontend/static/translations/**/zh-Hans-*.json"):
        for english in glob.glob(os.path.dirname(path) + "/en-*.json"):
            if re.match(r"en-[0-9a-f]{16,}\.json", os.path.basename(english)):  # not en-GB
                yield from read_json(english, path)
    for path in find("/airflow/**/locales/zh-CN/*.json"):
        yield from read_json(path.replace("zh-CN", "en"), path)


def read_po(path: str) -> Pairs:
    text = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'

    def unquote(s: str) -> str:
        return "".join(json.loads('"' + x + '"') for x in re.findall(r'"((?:[^"\\]|\\.)*)"', s))

    with open(path, encoding="utf-8") as f:
        entries = re.split(r"\n\s*\n", f.read())
    for entry in entries:
        if "#, fuzzy" in entry or "\n#~" in entry:
            continue
        english, chinese = re.search("(?m)^msgid " + text, entry), re.search(r"(?m)^msgstr(?:\[0\])? " + text, entry)
        if english and chinese:
            try:
                yield unquote(english[1]), unquote(chinese[1])
            except ValueError:  # an escape that JSON does not have
                pass


def read_mo(path: str) -> Pairs:
    with open(path, "rb") as f:
        catalog = gettext.GNUTranslations(f)._catalog  # the only way to list it
    for english, chinese in catalog.items():
        yield (english[0] if isinstance(english, tuple) else english), chinese


def read_json(english: str, chinese: str) -> Pairs:
    if not os.path.exists(english):
        return
    en, zh = flat(english), flat(chinese)
    yield from ((en[k], v) for k, v in zh.items() if k in en)


def flat(path: str) -> dict[tuple[str, ...], str]:
    """The strings of a JSON file by their path in it."""
    out = {}

    def walk(o, at: tuple[str, ...]) -> None:
        if isinstance(o, dict):
            for k, v in o.items():
                walk(v, (*at, k))
        elif isinstance(o, str):
            out[at] = o

    with open(path, encoding="utf-8") as f:
        walk(json.load(f), ())
    return out
