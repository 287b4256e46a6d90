"""Warnings: shown once, caught, filtered, counted, made errors."""

PROGRAMS = {
    "warnings of all kinds": """\
import warnings
import torch
import torch.nn.functional as F
def own():
    warnings.warn("of a function", UserWarning, stacklevel=2)
    warnings.warn("of a function", DeprecationWarning, stacklevel=1)
for turn in range(2):
    own()
    F.softmax(torch.ones(2))
    F.softmax(torch.ones(3)); F.log_softmax(torch.ones(3))
    F.mse_loss(torch.ones(2, 1), torch.ones(2))
    F.l1_loss(torch.ones(3, 1), torch.ones(3))
    (torch.ones(2, requires_grad=True) * 2).grad
    torch.tensor(torch.ones(2))
    torch.nn.Softmin()(torch.ones(2, 2))
    torch.nn.functional.tanh(torch.ones(2))
    F.interpolate(torch.ones(1, 1, 4), scale_factor=2.0, recompute_scale_factor=True)
    F.upsample(torch.ones(1, 1, 4), scale_factor=2)
    torch.nn.Dropout(0.5, inplace=False)(torch.ones(2))
    F.kl_div(torch.zeros(2), torch.ones(2))
    F.binary_cross_entropy(torch.ones(2), torch.ones(2), size_average=True)
    F.nll_loss(torch.zeros(1, 2), torch.tensor([0]), reduce=False)
    torch.nn.LSTM(2, 2, dropout=0.5)
    torch.nn.utils.clip_grad_norm(torch.ones(2, requires_grad=True), 1.0)
    torch.std(torch.ones(1))
    torch.ones(2, 3).T.T
    torch.floor_divide(torch.ones(1), 2)
    torch.range(0, 2)
    torch.norm(torch.ones(2))
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
scheduler.step()
scheduler.step(3)
scheduler.get_lr()
x = torch.ones(2, requires_grad=True)
x.sum().backward(create_graph=True)
x.grad = None
torch.nn.Module.register_backward_hook(model, lambda *a: None)
model(torch.ones(1, 1)).sum().backward()
torch.nn.utils.weight_norm(torch.nn.Linear(1, 1))
torch.nn.init.uniform(torch.ones(2))
torch.meshgrid(torch.arange(2), torch.arange(2))
""",
    "warnings as errors, caught, filtered and counted": """\
import warnings
import torch
import torch.nn.functional as F
def kinds(caught):
    return [(w.category.__name__, str(w.message)[:30], w.lineno, w.filename) for w in caught]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    F.softmax(torch.ones(2))
    F.softmax(torch.ones(2))
    print(kinds(caught))
with warnings.catch_warnings(record=True) as caught:
    warnings.resetwarnings()
    for _ in range(3):
        F.softmax(torch.ones(2))
    F.softmax(torch.ones(2))
    print(kinds(caught))
for action in ("once", "module", "default", "ignore"):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        for _ in range(2):
            F.mse_loss(torch.ones(4, 1), torch.ones(4))
            (torch.ones(1, requires_grad=True) * 2).grad
        print(action, kinds(caught))
with warnings.catch_warnings():
    warnings.simplefilter("error")
    for what in (
        lambda: F.softmax(torch.ones(2)),
        lambda: (torch.ones(1, requires_grad=True) * 2).grad,
        lambda: torch.tensor(torch.ones(2)),
        lambda: F.mse_loss(torch.ones(2, 1), torch.ones(2)),
    ):
        try:
            print("no error", what())
        except Warning as error:
            print(type(error).__name__, str(error)[:50])
    warnings.filterwarnings("ignore", message="Implicit dimension")
    F.softmax(torch.ones(2))
shown = []
plain, warnings.showwarning = warnings.showwarning, lambda *a, **k: shown.append((str(a[0])[:20], a[2], a[3]))
F.softmax(torch.ones(5))
warnings.showwarning = plain
print(shown)
del plain
""",
}
