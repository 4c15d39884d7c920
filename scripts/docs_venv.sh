#!/usr/bin/env bash
# MkDocs with its Material theme, mkdocstrings for Python, and ruff, which breaks its long lines, in a virtual environment; a second call costs nothing. Usage: docs_venv.sh FOLDER
set -euo pipefail
[ -e "$1/complete" ] && exit 0
python3 -m venv "$1"
"$1/bin/pip" install -q mkdocs-material==9.6.14 mkdocstrings-python==2.0.11 ruff
touch "$1/complete"
