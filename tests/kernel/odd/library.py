"""What torch's own libraries do: modules with hooks and parametrizations, optimizers, data loaders, scripts, profilers."""

PROGRAMS = {
    "optimizers of every kind": """\
import torch
torch.manual_seed(1)
losses = {}
for make in (
    lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    lambda p: torch.optim.Adam(p, amsgrad=True, maximize=True),
    lambda p: torch.optim.AdamW(p, fused=True),
    lambda p: torch.optim.Adagrad(p, foreach=True),
    lambda p: torch.optim.Adadelta(p),
    lambda p: torch.optim.Adamax(p),
    lambda p: torch.optim.NAdam(p),
    lambda p: torch.optim.RAdam(p),
    lambda p: torch.optim.ASGD(p),
    lambda p: torch.optim.Rprop(p),
    lambda p: torch.optim.SGD([{"params": list(p), "lr": 0.2}], lr=0.1, differentiable=False),
):
    model = torch.nn.Linear(3, 2)
    optimizer = make(model.parameters())
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=5, cycle_momentum=False)
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        loss = model(torch.randn(4, 3)).pow(2).mean()
        loss.backward()
        optimizer.step()
        scheduler.step()
    losses.setdefault(type(optimizer).__name__, []).append((loss.item(), scheduler.get_last_lr()))
w = torch.ones(2, requires_grad=True)
lbfgs = torch.optim.LBFGS([w], line_search_fn="strong_wolfe")
def closure():
    lbfgs.zero_grad()
    loss = ((w - 3) ** 4).sum()
    loss.backward()
    return loss
for _ in range(2):
    lbfgs.step(closure)
print(losses, w)
""",
    "averages, scalers, clipping": """\
import torch
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
average, schedule = AveragedModel(model), SWALR(optimizer, 0.05)
scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
for turn in range(3):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(torch.randn(4, 2)).float().pow(2).sum() * (float("inf") if turn == 1 else 1.0)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    torch.nn.utils.clip_grad_value_(model.parameters(), 0.1)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad()
    average.update_parameters(model)
    schedule.step()
    print(turn, norm, scaler.get_scale())
update_bn([torch.randn(4, 2)], average)
flat = torch.nn.utils.parameters_to_vector(model.parameters())
torch.nn.utils.vector_to_parameters(flat * 2, model.parameters())
""",
    "modules with hooks of every kind": """\
import torch
from torch import nn
log = []
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
model[0].register_forward_pre_hook(lambda m, a: log.append("pre") or (a[0] * 2,))
model[1].register_forward_hook(lambda m, a, out: log.append("forward") or out + 1)
model[2].register_full_backward_hook(lambda m, gi, go: log.append("backward"))
model.register_full_backward_pre_hook(lambda m, go: log.append("backward pre") or (go[0] * 2,))
everywhere = nn.modules.module.register_module_forward_hook(lambda m, a, out: log.append(type(m).__name__))
model[0].weight.register_hook(lambda g: g * 0.5)
out = model(torch.ones(4, 2, requires_grad=True))
out.sum().backward()
everywhere.remove()
class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(2, 2) for _ in range(2)])
        self.named = nn.ModuleDict({"a": nn.Tanh()})
        self.ws = nn.ParameterList([nn.Parameter(torch.ones(2))])
        self.table = nn.ParameterDict({"k": nn.Parameter(torch.zeros(2))})
        self.register_buffer("count", torch.zeros(1))
        self.register_parameter("none", None)
        self.tied = self.parts[0].weight
    def forward(self, x, *, times=1, flag=None):
        self.count += 1
        for part in self.parts:
            x = self.named["a"](part(x)) * self.ws[0] + self.table["k"]
        return {"out": x, "pair": (x, times)}
    def __call__(self, *args, **kwargs):
        log.append("call")
        return super().__call__(*args, **kwargs)
odd = Odd()
result = odd(torch.ones(1, 2), times=2)
result["out"].sum().backward()
odd.apply(lambda m: log.append(type(m).__name__))
odd.double().half().float().train(False).requires_grad_(False)
odd.zero_grad()
print(log, odd.count, [n for n, _ in odd.named_buffers()])
""",
    "parametrizations and norms": """\
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize
class Symmetric(nn.Module):
    def forward(self, w):
        return w.triu() + w.triu(1).T
    def right_inverse(self, w):
        return w.triu()
layer = nn.Linear(3, 3)
parametrize.register_parametrization(layer, "weight", Symmetric())
normed = parametrizations.weight_norm(nn.Linear(3, 3))
spectral = parametrizations.spectral_norm(nn.Linear(3, 3))
orthogonal = parametrizations.orthogonal(nn.Linear(3, 3))
x = torch.randn(2, 3)
with parametrize.cached():
    y = spectral(normed(layer(x))) + layer(x) + orthogonal(x)
y.sum().backward()
layer.weight = torch.ones(3, 3)
parametrize.remove_parametrizations(layer, "weight")
from torch.nn.utils import prune
prune.l1_unstructured(layer, "weight", 0.5)
layer(x).sum().backward()
prune.remove(layer, "weight")
""",
    "recurrent nets, packed sequences, embeddings, attention": """\
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
for kind in (nn.RNN, nn.GRU, nn.LSTM):
    net = kind(3, 4, num_layers=2, bidirectional=True, dropout=0.1, batch_first=True)
    packed = pack_padded_sequence(torch.randn(3, 5, 3), torch.tensor([5, 3, 2]), batch_first=True)
    out, state = net(packed)
    padded, lengths = pad_packed_sequence(out, batch_first=True)
    padded.sum().backward()
embedding = nn.EmbeddingBag(5, 3, mode="max")
embedding(torch.tensor([1, 2, 4]), torch.tensor([0, 2])).sum().backward()
q = torch.randn(1, 2, 4, 3, requires_grad=True)
attended = nn.functional.scaled_dot_product_attention(q, q, q, is_causal=True)
attended.sum().backward()
decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, batch_first=True), 1)
decoder(torch.randn(1, 3, 4), torch.randn(1, 2, 4)).sum().backward()
padded = pad_sequence([torch.ones(2), torch.ones(3)], batch_first=True)
""",
    "random numbers in every way": """\
import random
import numpy
import torch
generator = torch.Generator().manual_seed(5)
a = [torch.rand(2), torch.randn(2, generator=generator), torch.randint(9, (2,)), torch.randperm(4)]
a.append(torch.normal(0.0, 1.0, (2,)))
with torch.random.fork_rng():
    torch.manual_seed(3)
    b = torch.rand(2)
state = torch.get_rng_state()
c = torch.rand(2)
torch.set_rng_state(state)
d = torch.rand(2)
e = torch.multinomial(torch.ones(4), 2), torch.bernoulli(torch.full((3,), 0.5)), torch.poisson(torch.ones(2))
w = torch.ones(100, requires_grad=True)
for f in ("dropout", "alpha_dropout", "feature_alpha_dropout", "rrelu"):
    getattr(torch.nn.functional, f)(w.reshape(1, 10, 10), training=True).sum().backward()
torch.nn.functional.gumbel_softmax(w).sum().backward()
distribution = torch.distributions.Normal(torch.tensor(0.0, requires_grad=True), 1.0)
sample = distribution.rsample((3,))
sample.sum().backward()
probability = torch.distributions.Categorical(logits=torch.zeros(3)).log_prob(torch.tensor(1))
torch.nn.init.kaiming_uniform_(torch.empty(3, 3))
torch.nn.init.orthogonal_(torch.empty(3, 3))
numbers = random.random(), numpy.random.default_rng(1).random()
last = torch.rand(1)
""",
    "data sets and loaders, without workers": """\
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler, random_split
class Squares(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, i):
        return torch.tensor([float(i)]), torch.tensor(float(i * i))
w = torch.zeros(1, requires_grad=True)
for x, y in DataLoader(Squares(), batch_size=2, shuffle=True):
    loss = ((x * w).squeeze(1) - y).pow(2).mean()
    loss.backward()
train, test = random_split(TensorDataset(torch.arange(5.0)), [3, 2])
sampler = WeightedRandomSampler([0.1, 0.9, 0.4], 4)
stacked = lambda rows: (torch.stack([r[0] for r in rows]),)
batches = [b for (b,) in DataLoader(train, sampler=None, batch_size=2, collate_fn=stacked)]
print(w.grad, list(sampler), batches)
""",
    "scripts, traces, symbols": """\
import warnings
import torch
from torch import fx
warnings.simplefilter("ignore")
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)
    def forward(self, x):
        return torch.relu(self.linear(x)) + 1
net = Net()
x = torch.ones(1, 2, requires_grad=True)
traced = torch.jit.trace(net, torch.ones(1, 2))
scripted = torch.jit.script(torch.nn.Linear(2, 2))
symbolic = fx.symbolic_trace(net)
print(symbolic.code)
for module in (traced, scripted, symbolic):
    module(x).sum().backward()
print(x.grad, [node.op for node in symbolic.graph.nodes])
from torch.fx.experimental.proxy_tensor import make_fx
print([node.name for node in make_fx(lambda t: t.sin() * 2)(torch.ones(2)).graph.nodes])
with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
    (x * 2).sum().backward()
print("aten::mul" in {event.key for event in profile.key_averages()}, x.grad)
with torch.autograd.profiler.record_function("named"):
    x.sum()
del profile, traced, scripted, symbolic, module
""",
    "settings that last": """\
import torch
x = torch.ones(2, requires_grad=True)
torch.set_default_dtype(torch.float64)
y = torch.tensor([1.5]) * 2
torch.set_default_dtype(torch.float32)
torch.set_printoptions(precision=2)
print(torch.tensor([1.23456, 2.0]), x)
torch.set_printoptions(profile="default")
torch.use_deterministic_algorithms(True)
z = torch.zeros(2).index_add(0, torch.tensor([0, 0]), x)
torch.use_deterministic_algorithms(False)
with torch.device("meta"):
    m = torch.ones(2)
torch.set_default_device("cpu")
d = torch.ones(2)
torch.set_default_device(None)
threads = torch.get_num_threads()
with torch.backends.mkldnn.flags(enabled=False):
    c = torch.nn.functional.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 2))
torch.set_flush_denormal(False)
with torch.autograd.set_multithreading_enabled(False):
    z.sum().backward()
print(m.device, y.dtype, d, x.grad)
""",
    "gradients by hand": """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
kept = x.grad
x.grad.mul_(2)
x.grad += 1
x.grad[0] = 9
x.grad = x.grad.clone()
print(kept, x.grad, kept is x.grad)
x.grad = None
del x.grad
x.grad = torch.ones(2)
with torch.no_grad():
    x -= 0.5 * x.grad
    x.grad.zero_()
x.data = torch.tensor([5.0, 6.0])
x.data[0] = 7
x.data.add_(1)
x.requires_grad = False
y = x * 2
x.requires_grad_(True)
z = x * 3
z.retain_grad()
q = z.detach().requires_grad_()
(z * z).sum().backward()
(q**2).sum().backward()
p = torch.nn.Parameter(x.detach(), requires_grad=False)
p.requires_grad_()
x.detach_()
s = torch.ones(2, requires_grad=True)
s.grad = torch.ones(2)
s.grad.requires_grad_()
(s.sum() + (s * 2).sum()).backward()
print(x, y, z.grad, q.grad, p, s.grad, x.requires_grad)
""",
}
