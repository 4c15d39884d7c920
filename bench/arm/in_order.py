"""Cycles of a loop on cores that issue two instructions a cycle in order: Cortex-A53 and Cortex-A55.

llvm-mca's models of both are wrong where it matters here (docs/speed.md). Where the numbers come from: throughputs and
latencies that insn_bench_aarch64 measured on a Raspberry Pi 3 (A53), LLVM's latencies (A55), and what may issue
together from ncnn's document on dual issue of both. Not modelled: caches, memory, branches mispredicted, the A53's
queue before its NEON unit.
"""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Core:
    multiply_add: int  # latency; into the accumulator of the next one it is shorter
    accumulate: int
    vector_load: int  # latency, to which its cycles are added
    loads_hold_neon: bool  # a vector load does not issue beside a 128-bit operation
    one_memory_port: bool  # loads and stores share it
    pair_of_registers: int  # cycles of ldp of two 64-bit registers
    multiply_alone: bool  # an integer multiplication issues alone
    arithmetic: int = 4  # latencies of floating-point and of integer operations in vector registers
    simd: int = 2
    load: int = 3
    taken: int = 1  # cycles lost after a taken branch


CORES = {
    "a53": Core(8, 4, 3, True, True, 2, True),
    "a55": Core(4, 4, 2, False, False, 1, False),
}


@dataclasses.dataclass
class Operation:
    """What an instruction wants and gives."""
    reads: list = dataclasses.field(default_factory=list)
    writes: dict = dataclasses.field(default_factory=dict)  # register: latency
    accumulator: str | None = None
    memory: int = 0  # cycles of a load or store port
    is_store: bool = False
    halves: int = 0  # of the two 64-bit NEON units
    neon: int = 0  # cycles they are busy
    alone: bool = False
    is_branch: bool = False
    stack: str | None = None  # the address, of a load or store beside the stack pointer


# Reading instructions -----------------------------------------------------------------------------------------------

REGISTER = re.compile(r"\b(?:[wx](\d+)|[vqdshb](\d+)|(w?sp))\b")
BYTES = {"b": 1, "h": 2, "s": 4, "d": 8, "q": 16}
CONDITIONAL = re.compile(r"c(sel|set|sinc|inc|inv|neg|setm|sinv|sneg|cmp|cmn)$|fcsel$|fccmpe?$|adcs?$|sbcs?$")
COMPARISONS = {"cmp", "cmn", "tst", "fcmp", "fcmpe", "ccmp", "ccmn", "fccmp", "fccmpe"}
FLAGS_TOO = {"adds", "subs", "ands", "bics", "adcs", "sbcs", "negs"}
NOTHING = {"nop", "hint", "dmb", "dsb", "isb", "bti"}
# The destination is read as well.
ALSO_READ = re.compile(r"(fml|ml[as]$|[su]ml[as]l|sqdml|ins$|bsl$|bi[tf]$|bfi$|bfxil$|movk$|[us]adalp|[us]r?sra"
                       r"|s[rl]i$|tbx|[su]?s?u?dot|[us]abal?$|[us]?q?xtu?n2$|fcvtn2$|[su]mmla$|bfmla)")
BITWISE = {"mov", "movi", "mvni", "orr", "and", "eor", "bic", "orn", "mvn"}
SIMD = {"fcmeq", "fcmge", "fcmgt", "fcmle", "fcmlt", "bsl", "bit", "bif", "ext", "zip1", "zip2", "trn1", "trn2", "uzp1",
        "uzp2", "rev64", "dup", "ins", "add", "sub", "neg", "abs", "cmgt", "cmge", "cmeq", "sxtl", "uxtl", "sshll", "ushll",
        "xtn", "xtn2", "shl", "sshr", "ushr", "fcsel", "fabs", "fneg"}
MULTIPLY = {"mul", "madd", "msub", "mneg", "smull", "umull", "smaddl", "umaddl", "smulh", "umulh"}
SHIFT = {"ubfx", "sbfx", "ubfiz", "sbfiz", "lsl", "lsr", "asr", "bfi", "bfxil"}


def registers(text):
    """x3, v5 or sp of every register named; of the zero register nothing."""
    return ["x" + x if x else "v" + v if v else "sp" for x, v, _ in REGISTER.findall(text)]


def operands(text):
    """Split at commas outside of brackets and braces."""
    return [part.strip() for part in re.split(r",(?![^\[{]*[\]}])", text) if part.strip()]


def width(text):
    """Bytes of the first vector register that is named, 0 without one."""
    found = re.search(r"\b([qdshb])\d+\b|\bv\d+\.(\d*)([bhsd])", text)
    if not found:
        return 0
    return BYTES[found[1]] if found[1] else int(found[2] or 1) * BYTES[found[3]]


def is_vector(name):
    return name.startswith("v")


def branch(name, parts):
    reads = ["flags"] if "." in name else registers(parts[0]) if name != "b" else []
    return Operation(reads=reads, is_branch=True)


def vector_bytes(name, data, lane):
    """That a vector load or store moves."""
    count = len(registers(data))
    if re.match(r"ld[1-4]r", name):
        return count * BYTES[re.search(r"\.\d*([bhsd])", data)[1]]
    if lane:
        return count * BYTES[re.search(r"\.([bhsd])", data)[1]]
    return count * width(data)


def memory(name, parts, core):
    at = next(i for i, part in enumerate(parts) if part.startswith("["))
    data, address, after = ", ".join(parts[:at]), parts[at], parts[at + 1:]
    op = Operation(reads=registers(address) + [r for part in after for r in registers(part)],
                   is_store=name.startswith("st"))
    moves = address.endswith("!") or bool(after)
    if moves:
        op.writes[registers(address)[0]] = 1
    elif address.startswith("[sp"):
        op.stack = address
    fill = vector_memory if any(map(is_vector, registers(data))) else scalar_memory
    fill(op, name, data, core)
    return op


def vector_memory(op, name, data, core):
    lane = bool(re.search(r"\}\s*\[\d+\]", data))
    spread = lane or bool(re.match(r"ld[1-4]r", name))
    moved = vector_bytes(name, data, lane)
    if op.is_store:
        op.memory = max(1, -(-moved // 16)) + (1 if re.match(r"st[34]$", name) and not lane else 0)
        op.reads += registers(data)
        return
    op.memory = max(1, -(-moved // 8))
    if core.loads_hold_neon or op.memory > 1:
        op.halves, op.neon = min(op.memory, 2), op.memory
    op.alone = not core.loads_hold_neon and op.memory > 1
    op.writes |= dict.fromkeys(registers(data), core.vector_load + op.memory + (2 if spread else 0))
    op.reads += registers(data) if lane else []


def scalar_memory(op, name, data, core):
    if op.is_store:
        op.memory = 1
        op.reads += registers(data)
        return
    pair = name.startswith("ldp")
    op.memory = core.pair_of_registers if pair and "x" in data else 1
    op.writes |= dict.fromkeys(registers(data), core.load + (1 if pair or name[3:4] in ("b", "h", "s") else 0))


def integer(op, name, text, core):
    """Its latency."""
    if name in MULTIPLY:
        op.alone = core.multiply_alone
        return 4
    if name in ("sdiv", "udiv"):
        op.alone = True
        return 10
    return 2 if name in SHIFT or re.search(r"\b(lsl|lsr|asr|sxtw|uxtw)\b", text) else 1


def vector(op, name, parts, core):
    """Its latency."""
    text, to = ", ".join(parts), registers(parts[0])
    op.halves, op.neon = 2 if 16 in (width(parts[0]), width(text)) else 1, 1
    if name in ("fmov", "umov", "smov", "dup", "ins", "mov") and not all(map(is_vector, registers(text))):
        op.halves = 1 if name in ("fmov", "ins", "mov") else op.halves
        return 2 if to and is_vector(to[0]) else 4
    if name in ("fdiv", "fsqrt"):
        latency = 22 if op.halves == 2 else 14
        op.neon = latency - 4
        return latency
    if re.match(r"fn?m(la|ls|add|sub)", name):
        op.accumulator = to[0] if name.startswith("fml") else registers(parts[-1])[-1]
        return core.multiply_add
    return 1 if name in BITWISE else core.simd if name in SIMD else core.arithmetic


def arithmetic(name, parts, core):
    to = registers(parts[0]) if parts else []
    compares = name in COMPARISONS
    op = Operation(reads=[r for part in parts[0 if compares else 1:] for r in registers(part)])
    in_vectors = any(is_vector(r) for part in parts for r in registers(part))
    if CONDITIONAL.match(name):
        op.reads.append("flags")
    latency = vector(op, name, parts, core) if in_vectors else integer(op, name, ", ".join(parts), core)
    if compares or name in FLAGS_TOO:
        op.writes["flags"] = 2 if in_vectors else 1
    if not compares:
        op.writes |= dict.fromkeys(to, latency)
    if ALSO_READ.match(name) or (name == "mov" and parts and re.match(r"v\d+\.[bhsd]\[", parts[0])):
        op.reads += to
    return op


def decode(line, core):
    name, _, rest = line.partition(" ")
    parts, kind = operands(rest), name.split(".")[0]
    if kind in ("b", "cbz", "cbnz", "tbz", "tbnz"):
        return branch(name, parts)
    if kind.startswith("prf"):
        return Operation(reads=registers(rest), memory=1)
    if kind.startswith(("ld", "st")) and "[" in rest:
        return memory(kind, parts, core)
    return Operation() if kind in NOTHING else arithmetic(kind, parts, core)


# Issuing them -------------------------------------------------------------------------------------------------------

class Pipeline:
    def __init__(self, core):
        self.core = core
        self.cycle, self.issued = 0, 0
        self.ready, self.multiplied, self.stored = {}, {}, {}
        self.port = {False: 0, True: 0}  # free from this cycle on; by whether it is a store
        self.neon = [0, 0]

    def operands_ready(self, op):
        at = self.cycle
        for register in op.reads:
            wanted = self.ready.get(register, 0)
            if register == op.accumulator and self.multiplied.get(register):
                wanted -= self.core.multiply_add - self.core.accumulate
            at = max(at, wanted)
        return max(self.cycle, at - 2) if op.is_store else at  # what is stored is wanted late

    def units_free(self, op):
        at = 0
        if op.memory:
            at = self.port[op.is_store and not self.core.one_memory_port]
            if not op.is_store:
                at = max(at, self.stored.get(op.stack, 0))
        if op.halves:
            at = max(at, max(self.neon) if op.halves == 2 else min(self.neon))
        return at

    def advance(self, to):
        if to > self.cycle:
            self.cycle, self.issued = to, 0

    def occupy(self, op):
        if op.memory:
            self.port[op.is_store and not self.core.one_memory_port] = self.cycle + op.memory
            if op.is_store and op.stack:
                self.stored[op.stack] = self.cycle + 2
        if op.halves == 2:
            self.neon = [self.cycle + op.neon] * 2
        elif op.halves == 1:
            self.neon[0 if self.neon[0] <= self.cycle else 1] = self.cycle + op.neon
        for register, latency in op.writes.items():
            self.ready[register] = self.cycle + latency
            self.multiplied[register] = op.accumulator is not None

    def issue(self, op):
        self.advance(max(self.operands_ready(op), self.units_free(op)))
        if self.issued == 2 or (op.alone and self.issued):
            self.advance(self.cycle + 1)
        self.occupy(op)
        self.issued += 1
        if op.alone:
            self.advance(self.cycle + max(1, op.neon, op.memory))

    def take_branch(self):
        self.advance(self.cycle + self.core.taken + (1 if self.issued else 0))


WARM, MEASURED = 8, 16


def cycles(lines, name):
    """Of one pass of a block that follows itself."""
    core = CORES[name]
    code, pipeline = [decode(line, core) for line in lines], Pipeline(core)
    begin = 0
    for step in range(WARM + MEASURED):
        if step == WARM:
            begin = pipeline.cycle
        for op in code:
            pipeline.issue(op)
        if code and code[-1].is_branch:
            pipeline.take_branch()
    return (pipeline.cycle - begin) / MEASURED
