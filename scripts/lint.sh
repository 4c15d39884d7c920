#!/usr/bin/env bash
# clang-format on every file, clang-tidy on every source the release build compiles by itself; FILES limits both.
# Usage: lint.sh [FILE…]
set -uo pipefail
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then files=("$@"); else
  mapfile -t files < <(git ls-files '*.cc' '*.h' '*.c')
fi
failed=0
clang-format-19 --dry-run -Werror "${files[@]}" || failed=1
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '\.cc$' | grep -vE '^(fuzz|java)/')
printf '%s\n' "${sources[@]}" |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build --quiet 2>/dev/null || failed=1
python3 tests/check_includes.py || failed=1
python3 tests/check_op_kinds.py || failed=1
[ $failed = 0 ] && echo "lint: clean"
exit $failed
