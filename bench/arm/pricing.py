"""Estimated cycles of counted blocks: A53 and A55 by in_order.py, A72 and A76 (as Neoverse N1) by llvm-mca.

Each block is priced as a loop that follows itself; blocks that follow one another in nine cases of ten are one (qemu
cuts them at pages and at branches seldom taken)."""
import collections
import dataclasses
import re
import shutil
import subprocess
import sys

import counting
import in_order

# Core: llvm-mca's model, nothing where in_order.py has one.
CORES = {"a53": None, "a55": None, "a72": "cortex-a72", "a76": "neoverse-n1"}
# What qemu runs as for them: neither has half precision, nor SVE.
EMULATED = {core: counting.OUT_OF_ORDER if model else counting.IN_ORDER for core, model in CORES.items()}
# FLOP a cycle of fused multiply-adds in float32.
PEAK = {"a53": 8, "a55": 8, "a72": 8, "a76": 16}
TOGETHER, LONGEST = 0.9, 60
LLVM = "19"
ATTRIBUTES = "-mattr=+dotprod,+fullfp16,+lse,+crc,+rdm"


@dataclasses.dataclass
class Path:
    """Blocks that follow one another."""
    blocks: list
    code: list = None
    cycles: float = 0  # of one pass

    @property
    def passes(self):
        return sum(b.instructions for b in self.blocks) / sum(b.length for b in self.blocks)

    @property
    def total(self):
        return self.passes * self.cycles


def tool(name):
    found = shutil.which(f"{name}-{LLVM}")
    if not found:
        sys.exit(f"{name}-{LLVM} is missing: scripts/setup.sh llvm installs Debian's llvm-{LLVM}")
    return found


# Which blocks follow one another ------------------------------------------------------------------------------------

def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


def successors(block):
    """Addresses that may come next, as far as the last instruction tells."""
    word, at = int(block.words[-1], 16), block.end - 4
    if word >> 26 & 0x1F == 0b00101:  # b, bl
        return [at + 4 * signed(word & 0x3FFFFFF, 26)]
    if word >> 24 == 0x54 or word >> 25 & 0x3F == 0b011010:  # b.cond, cbz, cbnz
        return [block.end, at + 4 * signed(word >> 5 & 0x7FFFF, 19)]
    if word >> 25 & 0x3F == 0b011011:  # tbz, tbnz
        return [block.end, at + 4 * signed(word >> 5 & 0x3FFF, 14)]
    if word >> 25 == 0b1101011:  # br, blr, ret
        return []
    return [block.end]


def followers(blocks):
    """(count, first, second) of blocks that run one after the other as a rule, the most frequent first."""
    at = collections.defaultdict(list)
    for block in blocks:
        at[block.address].append(block)
    pairs = []
    for block in blocks:
        for (following,) in (at[to] for to in successors(block) if len(at[to]) == 1):
            low, high = sorted((block.count, following.count))
            if following is not block and low >= TOGETHER * high:
                pairs.append((low, block, following))
    return sorted(pairs, key=lambda pair: -pair[0])


def paths(blocks):
    of = {id(block): Path([block]) for block in blocks}
    for _, first, second in followers(blocks):
        before, after = of[id(first)], of[id(second)]
        ends_meet = before.blocks[-1] is first and after.blocks[0] is second
        if before is after or not ends_meet or len(before.blocks) + len(after.blocks) > LONGEST:
            continue
        before.blocks += after.blocks
        for block in after.blocks:
            of[id(block)] = before
    return list({id(path): path for path in of.values()}.values())


# What they cost -----------------------------------------------------------------------------------------------------

def disassembled(words):
    """{word: instruction}. A word that is none becomes nop."""
    words = list(dict.fromkeys(words))
    source = "".join("".join(f"0x{word[i:i + 2]} " for i in (6, 4, 2, 0)) + "\n" for word in words)
    done = subprocess.run([tool("llvm-mc"), "--disassemble", "--triple=aarch64", "-mattr=+all"], input=source,
                          capture_output=True, text=True)
    bad = {int(line) - 1 for line in re.findall(r"<stdin>:(\d+):\d+: warning: invalid", done.stderr)}
    lines = iter(line.split("//")[0] for line in done.stdout.splitlines() if line.strip() and ".text" not in line)
    return {word: "nop" if i in bad else " ".join(next(lines).split()) for i, word in enumerate(words)}


def priceable(line):
    """llvm-mca takes a hundred cycles for a call, and knows no target."""
    return "b #4" if re.match(r"(bl|blr|br|ret|svc|bra|reta)[a-z]*\b", line) else line


def by_mca(regions, model):
    """Cycles of one more pass of each: 200 less 100."""
    source = "".join(f"# LLVM-MCA-BEGIN r{i}\n" + "\n".join(code) + "\n# LLVM-MCA-END\n"
                     for i, code in enumerate(regions))
    command = [tool("llvm-mca"), "--mtriple=aarch64", f"--mcpu={model}", ATTRIBUTES, "--resource-pressure=false",
               "--instruction-info=false", "--skip-unsupported-instructions=any"]
    totals = []
    for passes in (100, 200):
        done = subprocess.run([*command, f"-iterations={passes}"], input=source, capture_output=True, text=True)
        totals.append({int(r): int(c) for r, c in
                       re.findall(r"Code Region - r(\d+)\n.*?Total Cycles:\s+(\d+)", done.stdout, re.S)})
    if not totals[0]:
        sys.exit(f"llvm-mca says nothing for {model}: {done.stderr[-2000:]}")
    return [(totals[1][i] - totals[0][i]) / 100 if i in totals[0] else len(code) for i, code in enumerate(regions)]


def priced(blocks, core):
    """Paths of blocks with their cycles, the dearest first."""
    found, text = paths(blocks), disassembled(word for block in blocks for word in block.words)
    for path in found:
        path.code = [priceable(text[word]) for block in path.blocks for word in block.words]
    regions, model = [path.code for path in found], CORES[core]
    each = by_mca(regions, model) if model else [in_order.cycles(code, core) for code in regions]
    for path, cycles in zip(found, each):
        path.cycles = cycles
    return sorted(found, key=lambda path: -path.total)
