#!/usr/bin/env bash
# MkDocs with its Material theme in a virtual environment; a second call costs nothing. Usage: docs_venv.sh FOLDER
set -euo pipefail
[ -e "$1/complete" ] && exit 0
python3 -m venv "$1"
"$1/bin/pip" install -q mkdocs-material==9.6.14
touch "$1/complete"
