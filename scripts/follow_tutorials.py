#!/usr/bin/env python3
"""Follows the tutorials word by word: types the commands of docs/tutorials/*.md, and fails where one fails or prints something else.

Usage: follow_tutorials.py FOLDER [first-model…]     (all without a name, in the site's order)

FOLDER is where the reader sits: each tutorial begins there, and `minnow` in it is the checkout, a clone of this one's HEAD. What a
run leaves in it (a built checkout) makes the next one quick. Of a page's fenced blocks

    ```console             `$ command`, continued behind a backslash, and what it prints. Numbers may differ, a line … stands for
                           any lines, … within a line for the rest of a word or line; other lines may come between those shown.
    ```cpp title="x.cc"    a file of that name, where the command before it was; any language
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs/tutorials"
FENCE = re.compile(r"^```(\w+)(?: title=\"(.+?)\")?\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"(?<![\w.])-?\d[\d.]*(?:e[-+]?\d+)?(?![\w.])")


def order():
    """The pages as the navigation has them."""
    return re.findall(r"tutorials/([\w-]+)\.md", (ROOT / "mkdocs.yml").read_text())


def commands_of(text):
    """(command, lines shown) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found and found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1].append(line)
    return found


def steps_of(page):
    """What a reader does, in order: (command, lines shown)."""
    for language, title, text in FENCE.findall(page):
        if title:
            yield f"cat > {title} <<'END_OF_FILE'\n{text}END_OF_FILE", []
        elif language == "console":
            yield from commands_of(text)


def pattern_of(line):
    """A regular expression for a line as it is shown."""
    parts = [re.escape(part) for part in NUMBER.split(" ".join(line.split()))]
    return r"-?\d[\d.]*(?:e[-+]?\d+)?".join(parts).replace("…", ".*")


def missing(shown, printed):
    """The first line shown that was not printed, in this order."""
    rest = iter([" ".join(line.split()) for line in printed.splitlines()])
    for line in shown:
        if line.strip() and not any(re.fullmatch(pattern_of(line), candidate) for candidate in rest):
            return line
    return None


def follow(name, folder):
    """One shell for the whole page, as the reader has; its folder and its variables stay from command to command."""
    shell = subprocess.Popen(["bash"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, bufsize=1)
    for command, shown in steps_of((PAGES / f"{name}.md").read_text()):
        print(f"$ {command}", flush=True)
        shell.stdin.write(f"{{ {command}\n}} < /dev/null; code=$?; echo; echo END_OF_COMMAND $code\n")
        shell.stdin.flush()
        lines, code = [], "the shell's end"
        for line in shell.stdout:
            if line.startswith("END_OF_COMMAND"):
                code = line.split()[-1]
                break
            lines.append(line)
            print(line, end="", flush=True)
        lost = missing(shown, "".join(lines))
        if code != "0" or lost is not None:
            sys.exit(f"{name}: {command}\n" + (f"ended with {code}" if code != "0" else f"did not print: {lost}"))
    shell.communicate()


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    clone = folder / "minnow"
    if not clone.exists():
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    subprocess.run(["git", "-C", clone, "fetch", "-q", ROOT, "HEAD"], check=True)
    subprocess.run(["git", "-C", clone, "checkout", "-q", "--detach", "FETCH_HEAD"], check=True)
    for name in sys.argv[2:] or order():
        print(f"--- {name}")
        follow(name, folder)
    print("all that the tutorials say was done, and came")


if __name__ == "__main__":
    main()
