"""MNN's converter, as the wheel's module has it: mnn_convert.py ONNX MNN.

Not by the command `mnnconvert`, which installs a telemetry client by pip and reports every conversion."""
import subprocess
import sys


def with_defaults(source, made):
    """The model with the zeros of ConstantOfShape written out: left to its default, MNN takes what lies in memory
    (findings/mnn_constant_of_shape_without_a_value.sh)."""
    import onnx

    model = onnx.load(source)
    for node in model.graph.node:
        if node.op_type == "ConstantOfShape" and not node.attribute:
            zero = onnx.helper.make_tensor("value", onnx.TensorProto.FLOAT, [1], [0.0])
            node.attribute.append(onnx.helper.make_attribute("value", zero))
    onnx.save(model, made)
    return made


def convert(source, made):
    """In a process of its own: the converter prints, and keeps what it took."""
    written_out = with_defaults(str(source), f"{made}.onnx")
    subprocess.run([sys.executable, __file__, written_out, str(made)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    import _tools  # of the MNN wheel

    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", sys.argv[1], "--MNNModel", sys.argv[2],
                       "--bizCode", "bench"])
