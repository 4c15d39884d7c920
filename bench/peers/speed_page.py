#!/usr/bin/env python3
"""Writes measured tables into pages, between <!-- NAME --> and <!-- /NAME -->: speed_page.py CACHE PAGE…

NAME.md of the folder holds a table; where it is not there, the page keeps what it has."""
import pathlib
import re
import sys


def filled(page, cache):
    def table(match):
        file = cache / f"{match[1]}.md"
        body = file.read_text().strip() if file.exists() else match[2].strip()
        return f"<!-- {match[1]} -->\n{body}\n<!-- /{match[1]} -->"

    return re.sub(r"<!-- ([\w-]+) -->\n(.*?)<!-- /\1 -->", table, page, flags=re.S)


def main():
    cache, *pages = map(pathlib.Path, sys.argv[1:])
    for page in pages:
        page.write_text(filled(page.read_text(), cache))


if __name__ == "__main__":
    main()
