"""Writes the token ids of 2,000 texts in 20 scripts, by Hugging Face's tokenizers: python ids.py FOLDER

FOLDER/tokenizer.json is the tokenizer, without truncation and padding; FOLDER/ids.jsonl gets a text and its ids a line.
The texts are made of the tokenizer's own pieces, by the script of their letters, and of what is hard for a tokenizer:
marks without letters, spaces of many kinds, controls, emoji and special tokens.
"""
import json
import os
import random
import sys
import unicodedata
from collections import defaultdict

from tokenizers import Tokenizer

folder = sys.argv[1]
tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
vocabulary = tokenizer.get_vocab()
pieces = defaultdict(list)
for piece in sorted(vocabulary, key=vocabulary.get):
    plain = piece.removeprefix("\u2581").removeprefix("##")
    letters = [c for c in plain if c.isalpha()]
    if letters:
        pieces[unicodedata.name(letters[0], "?").split()[0]].append(plain)
scripts = sorted(pieces, key=lambda s: -len(pieces[s]))[:20]
hard = ["\u0301", "\u0323\u0302", "\u00a0", "\u3000", "\u200b", "\u200d", "\u00ad", "\t", "\r\n", "\u2028", "\u0085", "\x07", "\ufeff", "\ufffd", "\U0001f642",
        "\U0001f44d\U0001f3fd", "\U0001f1e8\U0001f1ed", "\ufb01", "\uff21\uff42", "\u2026", "\u00bd", "\u2460", "[SEP]", "<s>", "</s>", "<unk>", "[MASK]", "##", "\u2581"]
draw = random.Random(20)
with open(os.path.join(folder, "ids.jsonl"), "w") as f:
    for script in scripts:
        for _ in range(100):
            text = ""
            for _ in range(draw.randint(1, 20)):
                text += draw.choice(pieces[script]) if draw.random() < .8 else draw.choice(pieces[draw.choice(scripts)])
                text += draw.choice(["", "", " ", " ", "  ", ", ", ". ", "-", str(draw.randint(0, 2000))])
                if draw.random() < .08:
                    text += draw.choice(hard)
            f.write(json.dumps({"text": text, "ids": tokenizer.encode(text).ids}) + "\n")
print(len(scripts), "scripts:", ", ".join(scripts))
