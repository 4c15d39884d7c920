#!/usr/bin/env bash
# mkdocs 1.6.1: `mkdocs build --strict --quiet` passes a site with a broken link, which `mkdocs build --strict` refuses.
#
# Seen: with --strict alone a link to a page that is not there ends the build with exit code 1, "Aborted with 1 warnings in strict
# mode!"; with --quiet besides, the exit code is 0 and the site is written. Continuous integration likes both.
#
# Most would guess that --quiet changes what is printed, not what is accepted.
#
# Source: "--strict: Enable strict mode. This will cause MkDocs to abort the build on any warnings.", "--quiet: Silence warnings"
# (https://www.mkdocs.org/user-guide/cli/).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet mkdocs==1.6.1
mkdir "$folder/docs"
echo "site_name: site" > "$folder/mkdocs.yml"
echo "[nowhere](nothing.md)" > "$folder/docs/index.md"
cd "$folder"
for options in "--strict" "--strict --quiet"; do
  code=0
  python/bin/mkdocs build $options > said 2>&1 || code=$?
  echo "$options: exit code $code, $(grep -c WARNING said || true) warnings printed"
  echo $code >> codes
done
[ "$(tr '\n' ' ' < codes)" = "1 0 " ]
