"""The command line: `minnow`, or `python -m minnow`."""
import os
import sys

from ._c import COMMAND


def main() -> None:
    """Becomes the command line, which is a program of its own."""
    os.execv(COMMAND, [str(COMMAND), *sys.argv[1:]])


if __name__ == "__main__":
    main()
