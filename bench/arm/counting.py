"""Blocks that an AArch64 program runs for one inference, counted under qemu-user by block_counts.c."""
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# System calls of AArch64 that mark: `minnow bench` looks at the clock before and after each run.
CLOCK_GETTIME, GETPRIORITY = 113, 141
# What is emulated: a core that issues in order, and one that does not. Minnow asks which it is on.
IN_ORDER, OUT_OF_ORDER = "cortex-a53", "cortex-a72"


PRICED = 0.995  # of the instructions are kept block by block


@dataclasses.dataclass
class Block:
    address: int
    count: int
    code: str  # eight digits an instruction
    place: str = ""  # file and offset

    @property
    def words(self):
        return [self.code[i:i + 8] for i in range(0, len(self.code), 8)]

    @property
    def length(self):
        return len(self.code) // 8

    @property
    def instructions(self):
        return self.count * self.length

    @property
    def end(self):
        return self.address + 4 * self.length


def plugin(folder):
    """Compiled into the folder, if it is not there yet."""
    source, made = HERE / "block_counts.c", folder / "block_counts.so"
    if not shutil.which("qemu-aarch64"):
        sys.exit("qemu-aarch64 is missing: scripts/setup.sh qemu installs Debian's qemu-user")
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def place(address, mapped):
    for low, high, offset, file in mapped:
        if low <= address < high:
            return f"{pathlib.Path(file).name}+{address - low + offset:x}"
    return f"{address:x}"


def blocks_of(text):
    """What the plugin wrote."""
    blocks, mapped, base = [], [], 0
    for line in text.splitlines():
        kind, *words = line.split()
        if kind == "base":
            base = int(words[0], 16)
        elif kind == "map" and len(words) > 5:
            low, high = (int(address, 16) - base for address in words[0].split("-"))
            mapped.append((low, high, int(words[2], 16), words[5]))
        elif kind == "block":
            address = int(words[0], 16)
            blocks.append(Block(address, int(words[1]), words[2], place(address, mapped)))
    return blocks


def frequent(blocks):
    """The busiest, until PRICED of the instructions are there."""
    total, seen, kept = sum(block.instructions for block in blocks), 0, []
    for block in sorted(blocks, key=lambda block: (-block.instructions, block.address)):
        if seen > PRICED * total:
            break
        kept.append(block)
        seen += block.instructions
    return kept


def run(command, mark, folder, *, cpu=IN_ORDER, every=False, environment=None, root=None):
    """Runs an AArch64 program; what the plugin wrote, and what the program printed."""
    out = folder / f"blocks-{os.getpid()}.txt"
    emulator = ["qemu-aarch64", "-cpu", cpu, "-plugin", f"{plugin(folder)},out={out},mark={mark},every={int(every)}"]
    emulator += ["-L", str(root)] if root else []
    done = subprocess.run(["nice", "-n", "19", *emulator, *map(str, command)], capture_output=True, text=True,
                          env=os.environ | (environment or {}))
    if done.returncode or not out.exists():
        why = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        reasons = [line.removeprefix("because: ") for line in why if line.startswith("because: ")]
        raise RuntimeError((reasons or why or [f"ended with {done.returncode}"])[-1])
    text = out.read_text()
    out.unlink()
    return text, done.stdout


def count_minnow(program, model, folder, cpu=IN_ORDER):
    """The blocks of one inference, its second."""
    text, _ = run([program, "bench", model, "--runs", "1"], CLOCK_GETTIME, folder, cpu=cpu)
    return blocks_of(text)


def intervals(text):
    """What ran between marks, [{(address, length): count}], the first of them before the first mark."""
    found = [{}]
    for line in text.splitlines():
        kind, *words = line.split()
        if kind == "ran":
            found[-1][int(words[0], 16), int(words[1])] = int(words[2])
        elif kind == "mark":
            found.append({})
    return found


def instructions(blocks):
    return sum(block.instructions for block in blocks)
