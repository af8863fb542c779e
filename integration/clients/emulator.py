"""What the scripts share: the emulator's control path, and cases that end in a value or in the client's own exception."""

import json
import math
import sys
import time
import urllib.request

BASE, KEY = sys.argv[1], sys.argv[2]

DOCUMENTS = [
    "how to bake bread with yeast and flour",
    "the stock market fell sharply today",
    "a guide to growing tomatoes in the garden",
]
QUESTION = "baking a loaf"

results = {}


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + "/_emulator/" + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def case(name, run, faults=()):
    """Runs with faults switched on, and notes the value or the exception, the attempts, the seconds and what was billed."""
    control("PUT", "faults", list(faults))
    control("DELETE", "ledger")
    start = time.monotonic()
    result = {}
    try:
        result["value"] = run()
    except Exception as e:
        result["raised"] = [c.__module__ + "." + c.__name__ for c in type(e).__mro__ if c not in (Exception, BaseException, object)]
        result["said"] = str(e)
        for attribute in ("status_code", "http_status", "code", "request_id"):
            value = getattr(e, attribute, None)
            if isinstance(value, (int, str)):
                result[attribute] = value
    result["seconds"] = time.monotonic() - start
    ledger = control("GET", "ledger")
    result["attempts"], result["tokens"] = ledger["requests"], ledger["tokens"]
    results[name] = result


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def finds(question, documents):
    """The index of the document that is nearest to the question."""
    scores = [cosine(question, d) for d in documents]
    return scores.index(max(scores))


def finish():
    json.dump(results, sys.stdout, default=lambda v: "an answer of type " + type(v).__name__)
