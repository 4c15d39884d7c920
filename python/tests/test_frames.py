"""Arrays in a frame's arena: without copies, and never on memory that is somebody else's."""
import gc
import threading

import models
import numpy as np
import pytest

import minnow

X = models.whole_numbers((1, 3, 8, 8))
Y = models.conv_of(X)


def session_of(source, concurrency=1, runtime=None, **options):
    return minnow.Session(minnow.Model(source, runtime or minnow.Runtime(concurrency=concurrency)), **options)


def run(frame, x=X):
    frame.input("x")[...] = x
    frame.run()


def test_arrays_lie_in_the_arena(conv):
    session = session_of(conv)
    with session.begin() as frame:
        run(frame)
        y = frame.output("y")
        np.testing.assert_array_equal(y, Y)
        assert not y.flags.owndata and np.shares_memory(y, frame.output("y"))
        assert y.strides[1] == 4  # channels lie side by side
        y[0, 0, 0, 0] = 99
        assert frame.output("y")[0, 0, 0, 0] == 99
        del y


def test_dlpack_comes_out(conv):
    with session_of(conv).begin() as frame:
        run(frame)
        shared = np.from_dlpack(frame.output("y"))
        assert np.shares_memory(shared, frame.output("y"))
        np.testing.assert_array_equal(shared, Y)


def test_what_dlpack_took_keeps_the_arena(conv):
    session = session_of(conv)
    with session.begin() as frame:
        run(frame)
        shared = np.from_dlpack(frame.output("y"))
    with pytest.raises(minnow.Busy, match="'y'"):
        session.begin()
    np.testing.assert_array_equal(shared, Y)
    del shared
    session.begin().end()


def test_an_array_outlives_its_frame_and_all_else(conv):
    """It keeps the lease: nobody else gets the arena, and nothing is freed."""
    session = session_of(conv)
    with session.begin() as frame:
        run(frame)
        part = frame.output("y")[0, 1:, ::2].T
    with pytest.raises(minnow.Busy, match=r"still lie in their arenas: 'y'. Keep a copy"):
        session.begin()
    with pytest.raises(minnow.Busy, match="'y'"):
        session.run({"x": X})
    del frame, session
    gc.collect()
    crowd = [np.full(1 << 16, 7, np.uint8) for _ in range(64)]  # would take what was freed
    np.testing.assert_array_equal(part, Y[0, 1:, ::2].T)
    del crowd


def test_the_last_array_gives_the_arena_back(conv):
    session = session_of(conv)
    with session.begin() as frame:
        run(frame)
        y, row = frame.output("y"), frame.output("y")[0, 0, 0]
    del y
    with pytest.raises(minnow.Busy):
        session.begin()
    del row
    for _ in range(3):
        with session.begin() as frame:
            run(frame)
            np.testing.assert_array_equal(frame.output("y"), Y)


def test_arrays_of_other_sessions_are_named_too(conv):
    runtime = minnow.Runtime()
    first, second = session_of(conv, runtime=runtime), session_of(conv, runtime=runtime)
    with first.begin() as frame:
        run(frame)
        kept = frame.output("y")
    with pytest.raises(minnow.Busy, match="'y'"):
        second.begin()
    del kept
    second.begin().end()


def test_a_frame_that_ended_can_do_nothing(conv):
    session = session_of(conv)
    frame = session.begin()
    frame.end()
    frame.end()
    for act in (frame.run, frame.__enter__, lambda: frame.input("x"), lambda: frame.output("y")):
        with pytest.raises(minnow.InvalidArgument, match="the frame has ended"):
            act()
    session.begin().end()


def test_a_frame_that_is_forgotten_gives_the_arena_back(conv):
    session = session_of(conv)
    session.begin()
    session.begin().end()


def test_outputs_come_after_run(conv):
    with session_of(conv).begin() as frame:
        with pytest.raises(minnow.InvalidArgument, match="'y' holds nothing before"):
            frame.output("y")
        run(frame)
        with pytest.raises(minnow.NotFound, match="no output 'z'; it has: y"):
            frame.output("z")
        with pytest.raises(minnow.NotFound, match="no input 'z'; it has: x"):
            frame.input("z")


def test_resizing_waits_for_the_frame(relu):
    session = minnow.Session(minnow.Model(relu, shapes={"x": ("1..4", 3)}))
    with session.begin():
        with pytest.raises(minnow.Busy, match="resized while a frame"):
            session.resize({"x": (2, 3)})
    session.resize({"x": (2, 3)})
    assert session.inputs[0].shape == session.outputs[0].shape == (2, 3)
    with pytest.raises(minnow.InvalidArgument, match="whole numbers"):
        session.resize({"x": ("n", 3)})


def test_several_frames_at_once(conv):
    session = session_of(conv, concurrency=2, frames=2)
    with session.begin() as first, session.begin() as second:
        run(first)
        run(second, X + 1)
        np.testing.assert_array_equal(first.output("y"), Y)
        np.testing.assert_array_equal(second.output("y"), models.conv_of(X + 1))


def test_one_frame_from_many_threads(conv):
    """Its own lock keeps them apart."""
    frame = session_of(conv).begin()
    threads = [threading.Thread(target=run, args=(frame,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run(frame)
    np.testing.assert_array_equal(frame.output("y"), Y)
    frame.end()
