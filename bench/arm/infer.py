"""One inference of a peer, counted: runs under AArch64 Python in the emulator, with bench/peers on the path.

Usage: infer.py ENGINE MODEL FEED.npz OUTPUTS OUT.npz    (OUTPUTS: names with commas; FEED holds the inputs by name)

The first run warms up (packs weights, takes memory), the second lies between two calls of getpriority, which no
engine makes and which block_counts.c takes for marks."""
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

import engines


def mark():
    os.getpriority(os.PRIO_PROCESS, 0)


def main():
    name, model, feed, outputs, out = sys.argv[1:]
    engine = engines.ENGINES[name](model, dict(np.load(feed)), outputs.split(","), 1)
    engine.fill()
    engine.run()
    engine.fill()
    mark()
    engine.run()
    mark()
    np.savez(out, *engine.outputs())


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"because: {error}")
