#!/usr/bin/env python3
"""What each operator of the road models adds to the distance from ONNX Runtime by itself: the tables of
docs/own-errors.md.

  tools/own_errors.py                          # twelve models, three inputs each: 3 minutes
  tools/own_errors.py ultraface_RFB_320 --minnow build/minnow

For each model and input ONNX Runtime is traced (tools/trace_onnxruntime.py) and `minnow replay` runs every operator on
the traced inputs. An operator that is then more than 1e-5 off is computed once more, alone, by Minnow, and in double
(tools/double_arithmetic.py): which of the two engines is nearer, and by how many roundings each is off.

Needs numpy, onnx and onnxruntime, and the models of tests/golden/models.json; exit code 77 where they are missing.
"""
import argparse
import collections
import dataclasses
import json
import math
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/golden"))
try:
    import numpy as np
    import onnx
    import onnxruntime

    import common
    import double_arithmetic
except ImportError as missing:
    print(f"own_errors.py: {missing}; pip install numpy onnx onnxruntime", file=sys.stderr)
    sys.exit(77)

MODELS = ["FastestDet_352", "blazeface_front", "blazeface_back", "gtsrb_mobile", "mlsd_320_tiny", "nanodet_m_320",
          "ppocr_det_320", "ppocr_rec", "ppocr_cls", "twinlitenet_360x640", "ultraface_RFB_320", "yolox_nano_416"]
LARGE = 1e-5


@dataclasses.dataclass
class Distance:
    """Of one engine from arithmetic in double."""
    error: float  # the largest
    roundings: float  # the largest, in roundings of the terms that an element is added up from


@dataclasses.dataclass
class Own:
    """The own error of one output of one operator."""
    model: str
    spec: str
    type: str
    name: str
    absolute: float
    scale: float
    of_scale: float
    relative: float
    excess: float
    cause: str = ""
    minnow: Distance | None = None
    other: Distance | None = None

    def is_large(self):
        return max(self.of_scale, self.relative) > LARGE


# One operator alone ------------------------------------------------------------------------------------------------


def piece_of(model, target, known, reference):
    """The operators between tensors that both engines have and the target, which is one of them."""
    makers = {name: node for node in model.graph.node for name in node.output}
    weights = {t.name: t for t in model.graph.initializer}
    nodes, constants, inputs, waiting = [], {}, {}, [target]
    while waiting:
        name = waiting.pop()
        if name in weights:
            constants[name] = weights[name]
        elif name in known and name != target:
            inputs[name] = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, reference[name].shape)
        elif name in reference.files and reference[name].dtype.kind == "i":
            constants[name] = onnx.numpy_helper.from_array(reference[name], name)
        elif makers[name] not in nodes:
            nodes.append(makers[name])
            waiting += filter(None, makers[name].input)
    nodes.sort(key=list(model.graph.node).index)
    output = onnx.helper.make_tensor_value_info(target, onnx.TensorProto.FLOAT, reference[target].shape)
    graph = onnx.helper.make_graph(nodes, "piece", list(inputs.values()), [output], list(constants.values()))
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def run_alone(minnow, piece, feeds, folder):
    """Minnow's output of a piece. A trace, for names of tensors may be too long for names of files."""
    onnx.save(piece, f"{folder}/piece.onnx")
    command = [minnow, "trace", f"{folder}/piece.onnx", "-o", f"{folder}/piece.npz"]
    for number, (name, tensor) in enumerate(feeds.items()):
        np.save(f"{folder}/piece{number}.npy", tensor)
        command += ["--input", f"{name}={folder}/piece{number}.npy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(f"{folder}/piece.npz")[piece.graph.output[0].name]


def distance(tensor, exact):
    return Distance(float(np.abs(tensor - exact.value).max()), float(double_arithmetic.roundings(tensor, exact).max()))


def cause_of(own, piece):
    """A sigmoid on the way counts before a sum."""
    if own.absolute < double_arithmetic.LEAST_NORMAL:
        return "below 2^-126"
    return "a sigmoid" if any(node.op_type == "Sigmoid" for node in piece.graph.node) else "a sum"


def judge(own, minnow, piece, reference, folder):
    """Fills in both engines' distances from double, and what kind of error it is."""
    target = piece.graph.output[0].name
    feeds = {info.name: reference[info.name] for info in piece.graph.input}
    exact, here, there = double_arithmetic.run(piece, feeds), run_alone(minnow, piece, feeds, folder), reference[target]
    apart = np.abs(here.astype(np.float64) - there).max()
    assert apart == own.absolute, f"{own.name} alone is {apart} from the reference, in the model {own.absolute}"
    own.minnow, own.other, own.cause = distance(here, exact), distance(there, exact), cause_of(own, piece)


# All operators -----------------------------------------------------------------------------------------------------


def replay(minnow, row, spec, path, folder):
    """The report of `minnow replay` against ONNX Runtime, and ONNX Runtime's tensors."""
    common.run_minnow(minnow, path, row, spec, folder)
    reference, fed = f"{folder}/reference.npz", f"{folder}/in/{common.file_name(row['input'])}"
    subprocess.run([sys.executable, ROOT / "tools/trace_onnxruntime.py", path, "--input", f"{row['input']}={fed}",
                    "-o", reference], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([minnow, "replay", path, "--reference", reference, "--json"], stdout=subprocess.PIPE, check=False)
    if done.returncode > 1:
        sys.exit(f"own_errors.py: {path} cannot be replayed")
    return json.loads(done.stdout)["operators"], np.load(reference)


def number(value):
    """JSON has no infinity."""
    return math.inf if value is None else value


def own_errors(minnow, row, spec, path):
    with tempfile.TemporaryDirectory() as folder:
        operators, reference = replay(minnow, row, spec, path, folder)
        operators = [op for op in operators if "figures" in op["single"]]
        model = onnx.load(path)
        known = {op["single"]["tensor"] for op in operators} | {i.name for i in model.graph.input}
        for op in operators:
            figures = op["single"]["figures"]
            own = Own(row["id"], spec.split(":")[0], op["type"], op["name"], figures["max_absolute"], figures["scale"],
                      number(figures["of_scale"]), number(figures["max_relative"]), number(op["excess"]))
            if own.is_large():
                judge(own, minnow, piece_of(model, op["single"]["tensor"], known, reference), reference, folder)
            yield own


# Tables ------------------------------------------------------------------------------------------------------------


def figure(value):
    return "0" if value == 0 else f"**{value:.1e}**" if value > LARGE else f"{value:.1e}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def largest_of(owns, key, measure):
    """The worst of each key."""
    worst = {}
    for own in owns:
        if key(own) not in worst or measure(own) > measure(worst[key(own)]):
            worst[key(own)] = own
    return worst


def operator(own):
    return f"{own.type} `{own.name}`"


def by_type(owns):
    """Operator types by models, of scale."""
    models = list(dict.fromkeys(own.model for own in owns))
    worst = largest_of(owns, lambda own: (own.type, own.model), lambda own: own.of_scale)
    kinds = sorted({own.type for own in owns if own.of_scale > 0})
    return table(["of scale", *models], [
        [kind, *(figure(worst[kind, model].of_scale) if (kind, model) in worst else "" for model in models)]
        for kind in kinds])


def by_model(owns):
    """The worst operators of each model: of scale, and by what rounding explains."""
    worst = largest_of(owns, lambda own: own.model, lambda own: own.of_scale)
    nearest = largest_of(owns, lambda own: own.model, lambda own: own.excess)
    return table(["model", "largest of scale", "input", "max abs", "largest value", "of scale", "excess", "largest excess",
                  "input", "excess"],
                 [[model, operator(own), own.spec, f"{own.absolute:.1e}", f"{own.scale:.1e}", figure(own.of_scale),
                   f"{own.excess:.2g}", operator(nearest[model]), nearest[model].spec, f"{nearest[model].excess:.2g}"]
                  for model, own in worst.items()])


def large_of_scale(owns):
    """Every operator above the limit, and how far both engines are from double."""
    large = [own for own in owns if own.of_scale > LARGE]
    worst = largest_of(large, lambda own: (own.model, own.name), lambda own: own.of_scale).values()
    return table(["model", "operator", "input", "cause", "largest value", "of scale", "Minnow's error", "ONNX Runtime's"],
                 [[own.model, operator(own), own.spec, own.cause, f"{own.scale:.1e}", f"{own.of_scale:.1e}",
                   f"{own.minnow.error:.1e}", f"{own.other.error:.1e}"]
                  for own in sorted(worst, key=lambda own: own.cause)])


def large_relative(owns):
    """Element by element, by cause and type of operator."""
    groups = collections.defaultdict(list)
    for own in owns:
        if own.is_large():
            groups[own.cause, own.type].append(own)
    rows = []
    for (cause, kind), group in sorted(groups.items()):
        worst = max(group, key=lambda own: own.minnow.roundings)
        rows.append([cause, kind, len(group), f"{max(own.relative for own in group):.1e}",
                     sum(own.minnow.error < own.other.error for own in group),
                     sum(own.minnow.error > own.other.error for own in group),
                     f"{worst.minnow.roundings:.2g}", f"{max(own.other.roundings for own in group):.2g}",
                     f"{worst.model} `{worst.name}`"])
    return table(["cause", "type", "outputs", "max rel", "Minnow nearer", "ONNX Runtime nearer", "roundings, Minnow",
                  "roundings, ONNX Runtime", "Minnow's worst"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL_ID", help="of tests/golden/models.json")
    parser.add_argument("--minnow", default=str(ROOT / "build/minnow"), help="the command line; default build/minnow")
    args = parser.parse_args()
    owns = []
    for row, spec, path in common.cases(args.models or MODELS):
        print(f"{row['id']} {spec}", file=sys.stderr)
        owns += own_errors(args.minnow, row, spec, path)
    if not owns:
        sys.exit(77)
    print(f"ONNX Runtime {onnxruntime.__version__}: {sum(own.is_large() for own in owns)} of {len(owns)} outputs are more "
          f"than {LARGE:g} off in one element or of scale, {sum(own.of_scale > LARGE for own in owns)} of scale")
    for make in (by_type, by_model, large_of_scale, large_relative):
        print(f"\n{make(owns)}")


if __name__ == "__main__":
    main()
