"""The peers of the benchmarks, each a process of its own: python peers.py NAME MINI_BATCHES [BUSY_S].

They score the same mini-batches and log, commit and keep nothing. With BUSY_S every run() burns that much
processor time, and one line of `run()`'s begin, end and processor time is printed per mini-batch.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait

from scoring import Answer, Busy, no_op

WORKERS = 2
ITEMS = 10
IN_FLIGHT = 2


def paths(mini_batches: int) -> Iterator[list[str]]:
    for i in range(mini_batches):
        yield [f"/data/input/images/file_{i * ITEMS + k:08d}.jpg" for k in range(ITEMS)]


def _serve(pipe: Connection, work: object) -> None:
    assert callable(work)
    while (mini_batch := pipe.recv()) is not None:
        pipe.send(work(mini_batch))


def pipe_pair(work: object, inputs: Iterable[list[str]]) -> Iterator[Answer]:
    """The floor: bare pipes, two mini-batches in flight per worker."""
    context = multiprocessing.get_context("fork")
    ends, processes = [], []
    for _ in range(WORKERS):
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        process.start()
        ends.append(ours)
        processes.append(process)
    todo = iter(inputs)
    open_ends: dict[Connection, int] = dict.fromkeys(ends, 0)
    for _ in range(IN_FLIGHT):
        for end in ends:
            _feed(end, todo, open_ends)
    while any(open_ends.values()):
        for ready in wait(list(open_ends)):
            assert isinstance(ready, Connection)
            answer = ready.recv()
            open_ends[ready] -= 1
            _feed(ready, todo, open_ends)
            yield answer
    for end in ends:
        end.send(None)
    for process in processes:
        process.join()


def _feed(end: Connection, todo: Iterator[list[str]], open_ends: dict[Connection, int]) -> None:
    mini_batch = next(todo, None)
    if mini_batch is not None:
        end.send(mini_batch)
        open_ends[end] += 1


def std_pool(work: object, inputs: Iterable[list[str]]) -> Iterator[Answer]:
    assert callable(work)
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        yield from pool.imap_unordered(work, inputs, chunksize=1)
        pool.close()
        pool.join()


def mp_pool(work: object, inputs: Iterable[list[str]]) -> Iterator[Answer]:
    import multiprocess

    with multiprocess.Pool(WORKERS) as pool:
        yield from pool.imap_unordered(work, inputs, chunksize=1)
        pool.close()
        pool.join()


def joblib_1(work: object, inputs: Iterable[list[str]]) -> Iterator[Answer]:
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    parallel = Parallel(WORKERS, batch_size=1, return_as="generator_unordered", pre_dispatch=2 * WORKERS)
    yield from parallel(delayed(work)(mini_batch) for mini_batch in inputs)
    get_reusable_executor().shutdown(wait=True)


PEERS = {"pipe_pair": pipe_pair, "std_pool": std_pool, "mp_pool": mp_pool, "joblib_1": joblib_1}


def main() -> int:
    name, mini_batches = sys.argv[1], int(sys.argv[2])
    busy_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    work = Busy(busy_s) if busy_s else no_op
    done = 0
    lines = []
    for answer in PEERS[name](work, paths(mini_batches)):
        done += 1
        if busy_s:
            lines += answer
    assert done == mini_batches, f"{done} of {mini_batches}"
    if busy_s:
        print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
