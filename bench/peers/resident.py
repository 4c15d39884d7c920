"""The peers' part of the memory comparison: loads models, keeps them all, runs each twice and waits to be looked at.

Usage: resident.py ENGINE JSON     (JSON: a list of [file, input shape]; empty: the engine is imported and nothing else)

ENGINE is a key of ENGINES. float32, one thread. Nothing beside the engine and NumPy is imported, inputs are freed after
their run, and what malloc merely keeps is given back (malloc_trim), so that little of Python is counted. Prints one line
of JSON: the files that could not be run, with the reason. Ends when its standard input does.
"""
import ctypes
import gc
import json
import sys

import numpy as np


def constant(shape):
    return np.full(shape, 0.46875, np.float32)


class OnnxRuntime:
    arena = True

    def __init__(self):
        import onnxruntime
        self.library = onnxruntime
        onnxruntime.set_default_logger_severity(3)

    def load(self, path, shape):
        options = self.library.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = options.enable_mem_pattern = self.arena
        return self.library.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, session, shape):
        session.run(None, {session.get_inputs()[0].name: constant(shape)})


class OnnxRuntimeWithoutArena(OnnxRuntime):
    arena = False


class Mnn:
    shared = False

    def __init__(self):
        import MNN
        self.library = MNN
        self.settings = {"backend": "CPU", "numThread": 1, "precision": "high"}
        self.runtime = MNN.Interpreter.createRuntime((self.settings,))[0] if self.shared else None

    def load(self, path, shape):
        interpreter = self.library.Interpreter(path)
        runtime = [self.runtime] if self.shared else []
        session = interpreter.createSession(self.settings, *runtime)
        tensor = interpreter.getSessionInput(session)
        if tuple(tensor.getShape()) != tuple(shape):
            interpreter.resizeTensor(tensor, tuple(shape))
            interpreter.resizeSession(session)
        return interpreter, session

    def run(self, loaded, shape):
        interpreter, session = loaded
        tensor = interpreter.getSessionInput(session)
        host = self.library.Tensor(tensor.getShape(), self.library.Halide_Type_Float, constant(tensor.getShape()),
                                   tensor.getDimensionType())
        tensor.copyFrom(host)
        if interpreter.runSession(session) != 0:
            raise RuntimeError("runSession failed")


class MnnShared(Mnn):
    shared = True


class Ncnn:
    shared = False

    def __init__(self):
        import ncnn
        self.library = ncnn
        self.pools = [ncnn.PoolAllocator(), ncnn.PoolAllocator()] if self.shared else None

    def load(self, path, shape):
        net = self.library.Net()
        net.opt.num_threads = 1
        net.opt.use_vulkan_compute = False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        if self.shared:
            net.opt.blob_allocator, net.opt.workspace_allocator = self.pools
        if net.load_param(path) != 0 or net.load_model(path.replace(".param", ".bin")) != 0:
            raise RuntimeError("the converted network is refused: it has layers that ncnn does not know")
        return net

    def run(self, net, shape):
        extractor = net.create_extractor()
        picture = constant(shape)
        extractor.input(net.input_names()[0], self.library.Mat(picture, batch_index=0).clone())
        for name in net.output_names():
            if extractor.extract(name)[0] != 0:
                raise RuntimeError(f"{name} is not computed")


class NcnnShared(Ncnn):
    shared = True


ENGINES = {"onnxruntime": OnnxRuntime, "onnxruntime-no-arena": OnnxRuntimeWithoutArena, "mnn": Mnn,
           "mnn-shared": MnnShared, "ncnn": Ncnn,
           "ncnn-shared": NcnnShared}


def main():
    engine = ENGINES[sys.argv[1]]()
    resident, failed = [], {}
    for path, shape in json.loads(sys.argv[2]):
        try:
            resident.append((engine.load(path, shape), path, shape))
        except Exception as error:
            failed[path] = str(error)
    for loaded, path, shape in resident:
        try:
            for _ in range(2):
                engine.run(loaded, shape)
        except Exception as error:
            failed[path] = str(error)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    print(json.dumps({"failed": failed}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
