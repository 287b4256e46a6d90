"""What runs beside and beneath a program: tasks, threads, signals, tracing, collection, copies, files."""

PROGRAMS = {
    "asynchronous tasks": """\
import asyncio
import torch
log = []
async def work(name, w, delay):
    for step in range(2):
        y = (w * (step + 1)).sum()
        for _ in range(delay):
            await asyncio.sleep(0)
        with torch.no_grad():
            log.append((name, step, torch.is_grad_enabled()))
        y.backward()
        if name == "b":
            with torch.no_grad():
                await asyncio.sleep(0)
    return w.grad
async def numbers():
    for i in range(2):
        yield torch.tensor(float(i), requires_grad=True)
async def main():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work("a", a, 1)), group.create_task(work("b", b, 2))]
    async for n in numbers():
        (n * n).backward()
    sums = [n * 2 async for n in numbers()]
    return [task.result() for task in tasks], sums
results, sums = asyncio.run(main())
print(log, results)
""",
    "threads with work of their own": """\
import concurrent.futures
import queue
import threading
import torch
results = queue.Queue()
w = torch.ones(3, requires_grad=True)
shared = (w * 2).sum()
def work(n):
    v = torch.full((3,), float(n), requires_grad=True)
    (v * v).sum().backward()
    torch.nn.Linear(3, 1)(v.detach())
    results.put((n, v.grad.tolist()))
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for thread in threads:
    thread.start()
    thread.join()
there = threading.Thread(target=shared.backward)
there.start()
there.join()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    made = list(pool.map(lambda n: torch.ones(2) * n, range(3)))
local = threading.local()
local.t = made[0] + made[1]
after = (w * local.t.sum()).sum()
after.backward()
found = sorted(results.get() for _ in range(3))
print(found, w.grad)
del threads, there, thread, pool, results, local
""",
    "signals, alarms, tracing, profiling": """\
import signal
import sys
import torch
log = []
x = torch.ones(2, requires_grad=True)
def handler(number, frame):
    with torch.no_grad():
        log.append((x * 2).tolist())
old = signal.signal(signal.SIGUSR1, handler)
y = x * 3
signal.raise_signal(signal.SIGUSR1)
y.sum().backward()
signal.signal(signal.SIGUSR1, old)
events = []
def tracer(frame, event, arg):
    if frame.f_code.co_filename == "program.py":
        events.append((event, frame.f_lineno))
    return tracer
def traced(t):
    u = t * 2
    return u.sum()
sys.settrace(tracer)
traced(x).backward()
sys.settrace(None)
calls = []
sys.setprofile(lambda frame, event, arg: calls.append(event) if frame.f_code.co_filename == "program.py" else None)
traced(x)
sys.setprofile(None)
print(log, events, x.grad, [call for call in calls if call == "call"])
del old
""",
    "collection, weak references, finalizers": """\
import gc
import weakref
import torch
log = []
class Holder:
    def __init__(self, t):
        self.t = t
    def __del__(self):
        log.append("holder " + str((self.t * 2).tolist()))
x = torch.ones(2, requires_grad=True)
y = x * 2
weakref.finalize(y, log.append, "y died")
gone = weakref.ref(y)
z = y * y
del y
log.append("deleted y")
log.append(gone() is None)
holder = Holder(torch.ones(1))
del holder
log.append("deleted holder")
t = torch.ones(3)
weakref.finalize(t, log.append, "t died")
t = t + 1
log.append("rebound t")
def local():
    u = torch.ones(4)
    weakref.finalize(u, log.append, "u died")
    return (u * 2).sum()
local()
log.append("left")
cycle = [torch.ones(5)]
cycle.append(cycle)
weakref.finalize(cycle[0], log.append, "cycle died")
del cycle
gc.collect()
log.append("collected")
loss = z.sum()
weakref.finalize(z, log.append, "z died")
del z
loss.backward()
log.append("backward")
g = x.grad
weakref.finalize(g, log.append, "grad died")
x.grad = None
del g
log.append("cleared")
gc.freeze()
(x * 2).sum().backward()
gc.unfreeze()
references = weakref.WeakValueDictionary(x=x)
print(log, list(references))
del gone
""",
    "copies, pickles, files": """\
import copy
import io
import pickle
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
again = copy.deepcopy(x)
shallow = copy.copy(x)
unpickled = pickle.loads(pickle.dumps(x))
print(again.grad, unpickled.grad, again.is_leaf, shallow is x)
try:
    copy.deepcopy(x * 2)
except RuntimeError as error:
    print(str(error)[:70])
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
model(torch.randn(4, 2)).sum().backward()
model[0].register_forward_hook(print_shape := None) if False else None
other = copy.deepcopy(model)
third = pickle.loads(pickle.dumps(model))
buffer = io.BytesIO()
torch.save({"model": model.state_dict(), "x": x, "list": [1, (x.detach(),)]}, buffer)
buffer.seek(0)
loaded = torch.load(buffer)
try:
    third.load_state_dict({"0.weight": torch.ones(2, 2)})
except RuntimeError as error:
    print(error)
print([name for name, _ in other.named_parameters()], loaded["x"].requires_grad)
print(other[0].weight.grad is not model[0].weight.grad)
optimizer = torch.optim.Adam(model.parameters())
optimizer.step()
twin = torch.optim.Adam(other.parameters())
twin.load_state_dict(copy.deepcopy(optimizer.state_dict()))
twin.step()
""",
}
