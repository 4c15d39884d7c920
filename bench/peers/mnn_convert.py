"""MNN's converter, as the wheel's module has it: mnn_convert.py ONNX MNN.

Not by the command `mnnconvert`, which installs a telemetry client by pip and reports every conversion."""
import subprocess
import sys


def convert(source, made):
    """In a process of its own: the converter prints, and keeps what it took."""
    subprocess.run([sys.executable, __file__, str(source), str(made)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    import _tools  # of the MNN wheel

    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", sys.argv[1], "--MNNModel", sys.argv[2],
                       "--bizCode", "bench"])
