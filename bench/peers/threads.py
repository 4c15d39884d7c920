"""The peers' part of the comparison of schedules: a thread for each model, left to the operating system.

Usage: threads.py ENGINE SECONDS JSON     (JSON: a list of [file, input shape, period in ms])

ENGINE is a key of resident.ENGINES. Each thread takes the newest frame and gives up what is late before it begins, as the
schedule and Minnow's own threads do (bench/schedule.cc, which prints the same). The engines let go of Python's lock
while they compute. One thread within each model.
"""
import json
import pathlib
import re
import sys
import threading
import time

import resident


def anonymous_kb():
    return int(re.search(r"Anonymous: +(\d+)", pathlib.Path("/proc/self/smaps_rollup").read_text())[1])


class Worker(threading.Thread):
    def __init__(self, engine, loaded, shape, period_ms):
        super().__init__()
        self.run_once = lambda: engine.run(loaded, shape)
        self.deadline, self.alone = period_ms / 1000, alone(self.run_once)
        self.condition, self.waiting, self.stopping = threading.Condition(), None, False
        self.asked, self.in_time, self.latencies = 0, 0, []

    def feed(self, captured):
        with self.condition:
            self.waiting, self.asked = captured, self.asked + 1
            self.condition.notify()

    def end(self):
        with self.condition:
            self.stopping = True
            self.condition.notify()
        self.join()
        latencies = sorted(self.latencies)
        return {"asked": self.asked, "in_time": self.in_time,
                "p99_ms": 1000 * latencies[len(latencies) * 99 // 100] if latencies else 0}

    def run(self):
        while True:
            with self.condition:
                self.condition.wait_for(lambda: self.waiting is not None or self.stopping)
                captured, self.waiting = self.waiting, None
            if captured is None:
                return
            if time.monotonic() + self.alone > captured + self.deadline:
                continue
            self.run_once()
            latency = time.monotonic() - captured
            self.in_time += latency <= self.deadline
            self.latencies.append(latency)


def alone(run):
    times = []
    for _ in range(7):
        begin = time.monotonic()
        run()
        times.append(time.monotonic() - begin)
    return sorted(times)[3]


def clockwork(workers, periods, seconds):
    start = time.monotonic()
    due = [start + period / 1000 * i / len(periods) for i, period in enumerate(periods)]
    while min(due) <= start + seconds:
        model = due.index(min(due))
        time.sleep(max(0, due[model] - time.monotonic()))
        workers[model].feed(due[model])
        due[model] += periods[model] / 1000


def main():
    engine, models = resident.ENGINES[sys.argv[1]](), json.loads(sys.argv[3])
    before = anonymous_kb()
    workers = [Worker(engine, engine.load(path, shape), shape, period) for path, shape, period in models]
    for worker in workers:
        worker.start()
    clockwork(workers, [period for _, _, period in models], float(sys.argv[2]))
    found = [worker.end() for worker in workers]
    print(json.dumps({"alone_ms": [worker.alone * 1000 for worker in workers], "anonymous_kb": anonymous_kb() - before,
                      "models": found}))


if __name__ == "__main__":
    main()
