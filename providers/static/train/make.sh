#!/bin/sh
# Makes the weights of providers/static anew: ./make.sh [--test] [--pack] ... (see README.md and ./make.sh --help).
# Everything it downloads and writes stays in one folder, $STATIC_TRAIN_WORK.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${STATIC_TRAIN_WORK:-$(dirname "$(mktemp -u)")/static-train}
python=${PYTHON:-python3}

mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || "$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$here/requirements.txt"
export PYTHONDONTWRITEBYTECODE=1 # no __pycache__ beside the sources
# OMP_NUM_THREADS limits onnxruntime (bert.py) and NumPy; the tokenisers have a variable of their own.
[ -z "${OMP_NUM_THREADS:-}" ] || export RAYON_NUM_THREADS="$OMP_NUM_THREADS" OPENBLAS_NUM_THREADS="$OMP_NUM_THREADS"
exec "$work/venv/bin/python" "$here/make.py" --work "$work" "$@"
