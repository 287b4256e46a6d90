"""Forked children, workers of data loaders, spawned processes: as unrecorded, and nothing of theirs in the trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernel.both_ways import assert_faithful
from tests.kernel.soundness import assert_sound

ROOT = Path(__file__).parents[2]

forks = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="no safe fork here")

FORKED = """\
import os
import torch
w = torch.ones(2, requires_grad=True)
y = (w * 2).sum()
read, write = os.pipe()
child = os.fork()
if child == 0:
    status = 1
    try:
        y.backward()
        v = torch.ones(2, requires_grad=True)
        torch.nn.Linear(2, 1)(v).sum().backward()
        (v * v).sum().backward()
        os.write(write, repr((w.grad.tolist(), v.grad is not None)).encode())
        status = 0
    finally:
        os._exit(status)
ended = os.waitpid(child, 0)[1]
told = os.read(read, 1000).decode()
os.close(read)
os.close(write)
y.backward()
print(told, ended, w.grad)
del child, read, write
"""

RECORDS_IN_THE_CHILD = """\
import os
import torch
from tutor.kernel.record import record
read, write = os.pipe()
x = torch.ones(2, requires_grad=True) * 1
child = os.fork()
if child == 0:
    try:
        with record() as recording:
            (x * 3).sum().backward()
        os.write(write, repr((recording.fault, len(recording.trace.backwards[0].steps))).encode())
    finally:
        os._exit(0)
os.waitpid(child, 0)
told = os.read(read, 1000).decode()
os.close(read)
os.close(write)
print(told)
del child, read, write
"""

LOADED = """\
import gc
import random
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info
class Noise(Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, i):
        x = torch.rand(2) + i
        return (x * x).sum(), get_worker_info().id
class Stream(IterableDataset):
    def __iter__(self):
        yield from torch.arange(3.0) * (1 + get_worker_info().id)
def seed(worker):
    random.seed(worker)
    torch.ones(2) * worker
w = torch.zeros(1, requires_grad=True)
seen = []
for epoch in range(2):
    for x, worker in DataLoader(
        Noise(), batch_size=2, shuffle=True, num_workers=2, multiprocessing_context="fork", worker_init_fn=seed
    ):
        (w * x).sum().backward()
        seen.append((x.tolist(), worker.tolist()))
stream = [b.tolist() for b in DataLoader(Stream(), num_workers=2, multiprocessing_context="fork")]
class Fails(Noise):
    def __getitem__(self, i):
        raise ValueError("in a worker")
try:
    list(DataLoader(Fails(), num_workers=1, multiprocessing_context="fork"))
except ValueError as error:
    print(str(error).splitlines()[0])
gc.collect()  # The loader that failed holds its worker.
print(seen, stream, w.grad)
"""

SPAWNED = """\
import json
import sys
import torch
import torch.multiprocessing as mp
from torch.utils.data import DataLoader, TensorDataset

class Doubling(TensorDataset):
    def __getitem__(self, i):
        x = torch.ones(1, requires_grad=True)
        (x * 2).sum().backward()
        return self.tensors[0][i] * 2 + x.grad + torch.rand(1)

def work(queue, w):
    (w * w).sum().backward()
    queue.put(w.grad.tolist())

def main():
    torch.manual_seed(0)
    found = []
    for x in DataLoader(Doubling(torch.arange(4.0)), 2, num_workers=2, multiprocessing_context="spawn"):
        found.append(x.tolist())
    context = mp.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=work, args=(queue, torch.ones(2, requires_grad=True)))
    process.start()
    found.append(queue.get())
    process.join()
    return found, process.exitcode

if __name__ == "__main__":
    if sys.argv[1] == "recorded":
        from tutor.kernel.record import record
        with record() as recording:
            found = main()
        assert recording.fault is None, recording.fault
    else:
        found = main()
    print(json.dumps(found))
"""


@forks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "text",
    [FORKED, RECORDS_IN_THE_CHILD, pytest.param(LOADED, marks=pytest.mark.slow)],
    ids=["forked", "recorded", "loaded"],
)
def test_children_that_are_forked_are_as_they_would_be(text: str) -> None:
    trace = assert_faithful(text)

    assert_sound(trace)


@forks
def test_what_a_forked_child_computes_is_not_in_the_trace() -> None:
    trace = assert_faithful(FORKED)

    assert len(trace.backwards) == 1
    assert [op.function.rpartition(".")[2] for op in trace.operations] == ["ones", "mul", "sum"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_children_that_are_spawned_are_as_they_would_be(tmp_path: Path) -> None:
    script = tmp_path / "spawns.py"
    script.write_text(SPAWNED)

    def told(how: str) -> object:
        command = [sys.executable, str(script), how]
        done = subprocess.run(command, cwd=ROOT, env=_with_root(), capture_output=True, text=True, check=True)
        return json.loads(done.stdout), done.stderr

    assert told("recorded") == told("plainly")


def _with_root() -> dict[str, str]:

    return {**os.environ, "PYTHONPATH": str(ROOT)}
