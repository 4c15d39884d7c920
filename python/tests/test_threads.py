"""Many models from several threads; the GIL is free while the engine works or waits."""
import threading
from concurrent.futures import ThreadPoolExecutor

import models
import numpy as np
import pytest

import minnow


def test_twelve_models_from_four_threads(tmp_path):
    runtime = minnow.Runtime(threads=2, concurrency=2)
    sessions = []
    for seed in range(12):
        path = tmp_path / f"{seed}.onnx"
        path.write_bytes(models.conv(seed=seed))
        sessions.append(minnow.Session(minnow.Model(path, runtime)))
    x = models.whole_numbers((1, 3, 8, 8))
    expected = [models.conv_of(x, seed) for seed in range(12)]

    def one(job):
        seed = job % 12
        if job % 2:
            return seed, sessions[seed].run({"x": x + job // 12})["y"]
        with sessions[seed].begin() as frame:
            frame.input("x")[...] = x + job // 12
            frame.run()
            return seed, frame.output("y").copy()

    # A session has one frame at a time: each of twelve jobs is for another one.
    for turn in range(8):
        with ThreadPoolExecutor(4) as pool:
            for seed, y in pool.map(one, range(12 * turn, 12 * turn + 12)):
                wanted = expected[seed] if turn == 0 else models.conv_of(x + turn, seed)
                np.testing.assert_array_equal(y, wanted)


def test_one_session_from_four_threads(tmp_path):
    (tmp_path / "large.onnx").write_bytes(models.conv(96, 96))
    session, x = minnow.InferenceSession(tmp_path / "large.onnx", threads=1), models.whole_numbers((1, 3, 96, 96))
    with ThreadPoolExecutor(4) as pool:
        for shift, (y,) in enumerate(pool.map(lambda shift: session.run(None, {"x": x + shift}), range(64))):
            np.testing.assert_array_equal(y, models.conv_of(x + shift))


def test_other_shapes_from_each_thread(relu):
    session = minnow.InferenceSession(relu, threads=1)

    def one(job):
        x = np.full((job % 3 + 1, 3), job, np.float32)
        return np.array_equal(session.run(None, {"x": x})[0], x)

    with ThreadPoolExecutor(3) as pool:
        assert all(pool.map(one, range(600)))


def test_waiting_for_an_arena_leaves_the_gil(conv):
    """With the GIL held, the thread that has the arena could never give it back."""
    runtime = minnow.Runtime()
    holder, waiter = (minnow.Session(minnow.Model(conv, runtime)) for _ in range(2))
    frame, begun = holder.begin(), threading.Event()
    x = models.whole_numbers((1, 3, 8, 8))

    def wait():
        begun.set()
        result.append(waiter.run({"x": x})["y"])

    result = []
    thread = threading.Thread(target=wait)
    thread.start()
    begun.wait()
    frame.end()
    thread.join(60)
    assert not thread.is_alive()
    np.testing.assert_array_equal(result[0], models.conv_of(x))


def test_no_thread_waits_for_ever(conv):
    """One is inside a session and waits for the arena of another one that wants in."""
    runtime = minnow.Runtime()
    first, second = (minnow.Session(minnow.Model(conv, runtime)) for _ in range(2))
    x, frame = models.whole_numbers((1, 3, 8, 8)), first.begin()
    thread = threading.Thread(target=second.run, args=({"x": x},))
    thread.start()
    while not second._lock.locked():
        pass
    with pytest.raises(minnow.Busy):
        second.run({"x": x})
    frame.end()
    thread.join(60)
    assert not thread.is_alive()
    second.run({"x": x})


def test_python_goes_on_while_a_model_runs(conv):
    """Each of two threads runs only after the other has: neither could, if a run kept the GIL to itself."""
    sessions = [minnow.InferenceSession(conv) for _ in range(2)]
    barrier, x = threading.Barrier(2), models.whole_numbers((1, 3, 8, 8))

    def play(session):
        for _ in range(50):
            session.run(None, {"x": x})
            barrier.wait(60)
        return True

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(play, sessions))
