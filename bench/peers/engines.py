"""The peers behind one face, on this machine and under an emulator: a model file and its inputs in, outputs back.

Nothing beside NumPy and the engine is imported. Every engine computes in float32 on as many threads as it is told.
fill() comes before each run(): what an engine may write over is written anew, outside of what is measured.
"""
import numpy as np


class Engine:
    def fill(self):
        pass


class OnnxRuntime(Engine):
    name, title = "onnxruntime", "ONNX Runtime"

    def __init__(self, path, feed, outputs, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.feed, self.names = feed, outputs

    def run(self):
        self.found = self.session.run(self.names, self.feed)

    def outputs(self):
        return self.found


class Mnn(Engine):
    name, title, backend = "mnn", "MNN", "CPU"

    def __init__(self, path, feed, outputs, threads):
        import MNN
        self.library = MNN
        self.interpreter = MNN.Interpreter(path)
        self.session = self.interpreter.createSession({"backend": self.backend, "numThread": threads, "precision": "high"})
        self.tensors = self.interpreter.getSessionInputAll(self.session)
        for name, values in feed.items():
            self.interpreter.resizeTensor(self.tensors[name], values.shape)
        self.interpreter.resizeSession(self.session)
        self.feed, self.names = feed, outputs

    def fill(self):  # an input's memory serves later layers too
        for name, values in self.feed.items():
            self.tensors[name].copyFrom(self.host(values, self.tensors[name].getDimensionType()))

    def host(self, values, layout):
        return self.library.Tensor(values.shape, self.library.Halide_Type_Float, values, layout)

    def run(self):
        if self.interpreter.runSession(self.session) != 0:
            raise RuntimeError("runSession failed")

    def outputs(self):
        found = []
        for name in self.names:
            tensor = self.interpreter.getSessionOutput(self.session, name)
            # Planes of rows, whatever the order within: a host tensor in MNN's own packing would be read wrongly.
            host = self.host(np.empty(tensor.getShape(), np.float32), self.library.Tensor_DimensionType_Caffe)
            tensor.copyToHostTensor(host)
            found.append(np.array(host.getNumpyData()))
        return found


class MnnOpenCl(Mnn):
    name, title, backend = "mnn-opencl", "MNN, OpenCL", "OPENCL"

    def __init__(self, *arguments):
        import importlib.util
        import pathlib
        library = pathlib.Path(importlib.util.find_spec("_mnncengine").origin)
        if b"libOpenCL" not in library.read_bytes():  # it would compute on the CPU without a word
            raise RuntimeError("its wheel names the back-end, but looks for no OpenCL library")
        super().__init__(*arguments)


class Ncnn(Engine):
    name, title, vulkan = "ncnn", "ncnn", False

    def __init__(self, path, feed, outputs, threads):
        import ncnn
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_vulkan_compute, options.use_bf16_storage = self.vulkan, False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        if self.net.load_param(path) != 0 or self.net.load_model(path.replace(".param", ".bin")) != 0:
            raise RuntimeError("its converter writes layers that it does not know")
        # pnnx calls them in0, in1, …, out0, out1, … in the model's order; the network lists them in another.
        self.feed = {f"in{i}": ncnn.Mat(values, batch_index=0).clone() for i, values in enumerate(feed.values())}
        self.names = [f"out{i}" for i in range(len(outputs))]
        if missing := set(self.names) - set(self.net.output_names()):
            raise RuntimeError(f"its converter lost {len(missing)} of {len(outputs)} outputs")

    def run(self):
        extractor = self.net.create_extractor()
        for name, values in self.feed.items():
            extractor.input(name, values)
        self.found = [extractor.extract(name) for name in self.names]
        if any(failed for failed, _ in self.found):
            raise RuntimeError("an output is not computed")

    def outputs(self):
        return [np.array(values) for _, values in self.found]


class NcnnVulkan(Ncnn):
    name, title, vulkan = "ncnn-vulkan", "ncnn, Vulkan", True

    def __init__(self, *arguments):
        import ncnn
        if ncnn.get_gpu_count() == 0:  # it would compute on the CPU without a word
            raise RuntimeError("Vulkan has no device here; Debian's mesa-vulkan-drivers compute on the CPU")
        super().__init__(*arguments)


class OpenVino(Engine):
    name, title = "openvino", "OpenVINO"

    def __init__(self, path, feed, outputs, threads):
        import openvino
        core = openvino.Core()
        model = core.read_model(path)
        model.reshape({name: list(values.shape) for name, values in feed.items()})
        settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1,
                    "PERFORMANCE_HINT": "LATENCY"}
        self.request = core.compile_model(model, "CPU", settings).create_infer_request()
        for name, values in feed.items():
            self.request.set_tensor(name, openvino.Tensor(values))
        self.names = outputs

    def run(self):
        self.request.infer()

    def outputs(self):
        return [self.request.get_tensor(name).data for name in self.names]


ENGINES = {engine.name: engine for engine in (OnnxRuntime, Mnn, Ncnn, OpenVino)}
