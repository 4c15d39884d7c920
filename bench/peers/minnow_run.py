"""Outputs of Minnow's command line for given inputs."""
import pathlib
import re
import subprocess
import tempfile

import numpy as np


def outputs(command, model, feed, names):
    """`command` runs the command line: [build/minnow], or an emulator and what it runs."""
    with tempfile.TemporaryDirectory() as name:
        folder, inputs = pathlib.Path(name), []
        for i, (tensor, values) in enumerate(feed.items()):
            np.save(folder / f"input-{i}.npy", values)
            inputs += ["--input", f"{tensor}={folder}/input-{i}.npy"]
        done = subprocess.run([*map(str, command), "run", str(model), *inputs, "--output-dir", str(folder / "out")],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip() or f"minnow run ended with {done.returncode}")
        files = [folder / "out" / (re.sub(r"[^A-Za-z0-9._-]", "_", tensor) + ".npy") for tensor in names]
        return [np.load(file) for file in files]
