"""Makes traditional.txt, by which both tokenisers fold traditional characters, from Unihan: python variants.py WORK"""
import bz2
import os
import re
import sys

from fetch import HERE, Packages

# Unihan gives these two themselves as a second variant, but simplified text has only the first.
ALSO = {"復": "复", "裡": "里"}


def simplified(path: str) -> dict[str, str]:
    """-> kSimplifiedVariant, the first of several. A character that is its own variant stays, because simplified text has it
    too. So does one whose variant is beyond the Basic Multilingual Plane: those are rare, and fonts and dictionaries lack them."""
    found = {}
    with bz2.open(path, "rt", encoding="utf-8") as f:
        for line in f:
            m = re.match(r"U\+([0-9A-F]+)\tkSimplifiedVariant\t(.*)", line)
            if m:
                char, variants = chr(int(m[1], 16)), [chr(int(x, 16)) for x in re.findall(r"U\+([0-9A-F]+)", m[2])]
                if char not in variants and ord(char) < 0x10000 and ord(variants[0]) < 0x10000:
                    found[char] = variants[0]
    found |= ALSO
    for char, to in found.items():  # once is enough: folding what is folded changes nothing
        while to in found:
            to = found[to]
        found[char] = to
    return found


def main() -> None:
    path = Packages(sys.argv[1])["unicode-data"] + "/usr/share/unicode/Unihan_Variants.txt.bz2"
    with open(os.path.join(HERE, "..", "traditional.txt"), "w", encoding="utf-8", newline="\n") as f:
        f.writelines(a + b + "\n" for a, b in sorted(simplified(path).items()))


if __name__ == "__main__":
    main()
