"""Scores x 100: Spearman of the cosine on STS-B, nDCG@10 on SciFact and Cranfield."""
import csv
import gzip
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

import lexical
from tokens import Tokeniser

DEV = ("sts-en-dev", "sts-zh-dev", "sts-en-zh-dev", "scifact-train", "help-zh", "help-zh-en", "sentences-zh-en")
# What a remade table has to reach on the test sets. The shipped one has 77.58, 70.84, 61.21, 54.76 and 32.77.
BARS = {"sts-en-test": 76.5, "sts-zh-test": 69.5, "sts-en-zh-test": 59.5, "scifact-test": 53.5, "cranfield-test": 31.7}
TEST = tuple(BARS)


@dataclass
class Retrieval:
    doc_ids: list[str]
    docs: list[str]
    query_ids: list[str]
    queries: list[str]
    relevant: dict[str, dict[str, int]]  # query id -> document id -> grade


def score(data: str, names: tuple[str, ...], rows: np.ndarray, tokeniser: Tokeniser, weights: np.ndarray, dims: int,
          found: dict[str, Retrieval]) -> dict[str, float]:
    """data: the folder with stsb-multi-mt, scifact and cranfield as README.md describes them. dims: lexical dimensions.
    found: further retrieval sets by their names."""
    def vectors(texts: list[str]) -> np.ndarray:
        return lexical.vectors(tokeniser.counts(texts), rows, weights, dims)

    out = {}
    for name in names:
        kind, *langs, split = name.split("-")
        if name in found:
            r = found[name]
            out[name] = ndcg(vectors(r.queries) @ vectors(r.docs).T, r)
        elif kind == "sts":
            (a, _, gold), (_, b, _) = sts(data, langs[0], split), sts(data, langs[-1], split)
            out[name] = 100 * float(spearmanr((vectors(a) * vectors(b)).sum(1), gold)[0])
        else:
            r = cranfield(data) if kind == "cranfield" else scifact(data, split)
            out[name] = ndcg(vectors(r.queries) @ vectors(r.docs).T, r)
    return out


def same_place(queries: list[str], docs: list[str]) -> Retrieval:
    """Query k asks for document k alone."""
    ids = [str(k) for k in range(len(docs))]
    return Retrieval(ids, docs, ids, queries, {k: {k: 1} for k in ids})


def sts(data: str, lang: str, split: str) -> tuple[list[str], list[str], np.ndarray]:
    with open(f"{data}/stsb-multi-mt/stsb-{lang}-{split}.csv", encoding="utf-8", newline="") as f:
        rows = list(csv.reader(f))
    return [r[0] for r in rows], [r[1] for r in rows], np.array([float(r[2]) for r in rows])


def scifact(data: str, split: str) -> Retrieval:
    with gzip.open(data + "/scifact/corpus.jsonl.gz", "rt", encoding="utf-8") as f:
        docs = [json.loads(line) for line in f]
    with open(f"{data}/scifact/queries.{split}.jsonl", encoding="utf-8") as f:
        queries = [json.loads(line) for line in f]
    relevant: dict[str, dict[str, int]] = {}
    with open(f"{data}/scifact/qrels/{split}.tsv", encoding="utf-8") as f:
        for q, d, grade in list(csv.reader(f, delimiter="\t"))[1:]:
            relevant.setdefault(q, {})[d] = int(grade)
    return Retrieval([d["_id"] for d in docs], [(d["title"] + " " + d["text"]).strip() for d in docs],
                     [q["_id"] for q in queries], [q["text"] for q in queries], relevant)


def cranfield(data: str) -> Retrieval:
    """Queries are numbered by their place in the file, which is what the judgements use."""
    def parse(name: str) -> ET.Element:
        with open(f"{data}/cranfield/{name}", encoding="utf-8") as f:
            return ET.fromstring("<all>" + re.sub(r"<\?xml.*?\?>", "", f.read()) + "</all>")

    def flat(e: ET.Element | None) -> str:
        return re.sub(r"\s+", " ", (e.text if e is not None else "") or "").strip()

    docs = list(parse("cran.all.1400.xml").iter("doc"))
    queries = [flat(e.find("title")) for e in parse("cran.qry.xml").iter("top")]
    relevant: dict[str, dict[str, int]] = {}
    with open(data + "/cranfield/cranqrel.trec.txt", encoding="utf-8") as f:
        for line in f:
            q, _, d, grade = line.split()
            if int(grade) > 0:
                relevant.setdefault(q, {})[d] = 1
    return Retrieval([flat(d.find("docno")) for d in docs], [flat(d.find("text")) for d in docs],
                     [str(i + 1) for i in range(len(queries))], queries, relevant)


def ndcg(similarity: np.ndarray, r: Retrieval, k: int = 10) -> float:
    """Linear gain; the mean over the queries that have judgements."""
    discount = 1 / np.log2(np.arange(2, k + 2))
    values = []
    for i, q in enumerate(r.query_ids):
        if q not in r.relevant:
            continue
        found = np.array([r.relevant[q].get(r.doc_ids[d], 0) for d in np.argsort(-similarity[i], kind="stable")[:k]], float)
        best = np.sort(np.array(list(r.relevant[q].values()), float))[::-1][:k]
        ideal = (best * discount[:len(best)]).sum()
        values.append((found * discount[:len(found)]).sum() / ideal if ideal > 0 else 0)
    return 100 * float(np.mean(values))
