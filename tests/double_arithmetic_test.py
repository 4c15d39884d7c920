#!/usr/bin/env python3
"""tools/double_arithmetic.py against the reference implementations of the onnx package, on small random cases.

Usage: double_arithmetic_test.py      (exit code 77 where numpy or onnx are missing)
"""
import pathlib
import sys
import unittest

from real_models import end_without, use_packages

use_packages()
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
try:
    import numpy as np
    import onnx
    from onnx.reference import ReferenceEvaluator

    import double_arithmetic
except ImportError as error:
    end_without(error)

# Operator, shapes of its inputs, attributes.
CASES = [
    ("Conv", [[2, 6, 9, 8], [4, 3, 3, 2], [4]], {"group": 2, "strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ("Conv", [[1, 4, 9, 9], [4, 1, 3, 3]], {"group": 4, "dilations": [2, 2], "pads": [2, 2, 2, 2]}),
    ("ConvTranspose", [[1, 4, 5, 6], [4, 3, 3, 3], [3]], {"strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("ConvTranspose", [[1, 4, 5, 6], [4, 3, 2, 2]], {"strides": [2, 2]}),
    ("AveragePool", [[1, 3, 8, 8]], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("AveragePool", [[1, 3, 8, 8]], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("GlobalAveragePool", [[1, 3, 8, 8]], {}),
    ("MatMul", [[2, 5, 7], [2, 7, 3]], {}),
    ("BatchNormalization", [[1, 3, 4, 4], [3], [3], [3], [3]], {"epsilon": 1e-3}),
    ("Softmax", [[2, 5, 7]], {"axis": 1}),
    ("Sigmoid", [[2, 5]], {}),
    ("HardSigmoid", [[2, 5]], {"alpha": 0.2, "beta": 0.4}),
    ("LeakyRelu", [[2, 5]], {"alpha": 0.125}),
    ("PRelu", [[2, 3, 4, 4], [3, 1, 1]], {}),
    ("Clip", [[2, 5]], {}),
    ("Div", [[2, 5], [5]], {}),
    ("Sub", [[2, 5], [5]], {}),
]
RESIZES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]


def random_feeds(shapes):
    """Positive from the fifth input on, and divisors: batch norm's variance."""
    numbers = np.random.default_rng(7)
    return {f"x{i}": numbers.uniform(0.5 if i else -2, 2, shape) for i, shape in enumerate(shapes)}


def model_of(kind, feeds, attributes, constants=()):
    infos = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, x.shape) for name, x in feeds.items()]
    node = onnx.helper.make_node(kind, [*feeds, *(c.name if c else "" for c in constants)], ["y"], **attributes)
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.DOUBLE, None)
    graph = onnx.helper.make_graph([node], "case", infos, [output], [c for c in constants if c])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 15)])


class DoubleArithmetic(unittest.TestCase):
    def check(self, kind, feeds, attributes, constants=()):
        model = model_of(kind, feeds, attributes, constants)
        expected = ReferenceEvaluator(model).run(None, feeds)[0]
        found = double_arithmetic.run(model, feeds)
        np.testing.assert_allclose(found.value, expected, 1e-12, 1e-12, err_msg=f"{kind} {attributes}")
        self.assertEqual(found.terms.shape, expected.shape)
        self.assertTrue((found.terms * (1 + 1e-9) >= np.abs(found.value)).all(), f"terms of {kind} are less than their sum")

    def test_operators(self):
        for kind, shapes, attributes in CASES:
            self.check(kind, random_feeds(shapes), attributes)

    def test_linear_resizes(self):
        empty = onnx.numpy_helper.from_array(np.zeros(0, np.float32), "scales")
        sizes = onnx.numpy_helper.from_array(np.array([1, 2, 10, 7]), "sizes")
        for how in RESIZES:
            attributes = {"mode": "linear", "coordinate_transformation_mode": how}
            self.check("Resize", random_feeds([[1, 2, 5, 4]]), attributes, [None, empty, sizes])

    def test_a_cancelled_sum_remembers_its_terms(self):
        feeds = {"x0": np.array([[1.0, 1.0]]), "x1": np.array([[1e6], [-1e6]])}
        found = double_arithmetic.run(model_of("MatMul", feeds, {}), feeds)
        self.assertEqual((found.value.item(), found.terms.item()), (0, 2e6))
        self.assertAlmostEqual(double_arithmetic.roundings(np.float32([[0.125]]), found).item(), 0.125 / 2e6 * 2**24)


if __name__ == "__main__":
    unittest.main()
