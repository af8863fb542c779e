"""Texts per second on one core, this package in Go against the Python package model2vec with the same table and tokeniser.

    python3 -m venv VENV && VENV/bin/pip install --require-hashes -r requirements-speed.txt
    VENV/bin/python speed.py --data DIR

The table is that of weights.bin, for model2vec as float32 in memory, its quickest kind. The tokeniser is WordPiece over
the same rows with BERT's normalisation, both native code, which gives the same rows for these texts (checked before
anything is timed). The texts are the sentences of STS-B's English test set, all in one call. The two are timed in turn, so
that a machine that changes its pace changes it for both. Linux only (the processor is fixed).
"""
import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # these are read when the packages are imported
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[name] = "1"

import csv  # noqa: E402

import numpy as np  # noqa: E402
from model2vec import StaticModel  # noqa: E402
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers  # noqa: E402

import table  # noqa: E402
from tokens import Tokeniser  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
UNKNOWN = "[UNK]"  # model2vec drops it


def model(rows: np.ndarray, tokens: list[str]) -> StaticModel:
    vocab = {t: i for i, t in enumerate([*tokens, UNKNOWN])}
    tokeniser = Tokenizer(models.WordPiece(vocab, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokeniser.normalizer = normalizers.BertNormalizer(handle_chinese_chars=False, strip_accents=True, lowercase=True)
    tokeniser.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return StaticModel(np.vstack([rows, np.zeros((1, rows.shape[1]), np.float32)]), tokeniser, normalize=True)


def check(m: StaticModel, tokens: list[str], texts: list[str]) -> None:
    """The tokeniser of tokens.py is held to the same ids as Go's by fixture.json."""
    ours = Tokeniser(tokens)
    other = [t for t, ids in zip(texts, m.tokenize(texts)) if list(ids) != ours(t)]
    if other:
        raise SystemExit(f"{len(other)} of {len(texts)} texts have other tokens in the two: not a fair comparison")


def python_speed(m: StaticModel, texts: list[str], seconds: float) -> float:
    start, n = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        m.encode(texts, use_multiprocessing=False)
        n += len(texts)
    return n / (time.perf_counter() - start)


def go_speed(binary: str, data: str, seconds: float) -> float:
    run = [binary, "-test.run=^$", "-test.bench=STSB", "-test.cpu=1", f"-test.benchtime={seconds}s"]
    env = os.environ | {"EMBEDDING_TESTDATA": data}
    out = subprocess.run(run, env=env, check=True, capture_output=True, text=True).stdout
    found = re.search(r"([0-9.e+]+) texts/s", out)
    if not found:
        raise SystemExit("the benchmark did not say how fast it was:\n" + out)
    return float(found[1])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", default=os.environ.get("EMBEDDING_TESTDATA"),
                   help="folder with stsb-multi-mt ($EMBEDDING_TESTDATA)")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seconds", type=float, default=2, help="of each of the two in a round")
    a = p.parse_args()
    if not a.data:
        p.error("--data is missing")
    data = os.path.abspath(a.data)
    with open(f"{data}/stsb-multi-mt/stsb-en-test.csv", encoding="utf-8", newline="") as f:
        texts = [s for row in csv.reader(f) for s in row[:2]]
    rows, tokens = table.packed(os.path.join(HERE, "..", "weights.bin"))
    m = model(rows, tokens)
    check(m, tokens, texts)
    with tempfile.TemporaryDirectory() as d:
        binary = d + "/speed.test"
        subprocess.run(["go", "test", "-c", "-o", binary, "."], cwd=HERE, check=True)
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # of this process and its children
        python_speed(m, texts, a.seconds / 4)
        pairs = []
        for k in range(a.rounds):
            pairs.append((go_speed(binary, data, a.seconds), python_speed(m, texts, a.seconds)))
            print("round {}: Go {:.0f}, model2vec {:.0f} texts/s".format(k + 1, *pairs[-1]), flush=True)
    ratio = statistics.median(g / p for g, p in pairs)
    for name, pick in (("median", statistics.median), ("best", max)):
        go, python = (pick(x) for x in zip(*pairs))
        print(f"{name}, {len(texts)} sentences: Go {go:.0f}, model2vec {python:.0f} texts/s")
    print(f"median ratio of the rounds: {ratio:.1f}")


if __name__ == "__main__":
    main()
