"""Recorded runs of real networks of about 30 to 20,000 nodes: what the window is timed on, kept in build/benchmarks.

`python -m tests.benchmarks.networks NAME FILE` records one; torch is only in that process.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

from tutor.trace.file import VERSION, read_trace, write_trace
from tutor.trace.trace import Trace

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "benchmarks"
_OWN_CELL = """
hidden = 16
steps = {steps:_}
to_gates, again = nn.Linear(hidden, 4 * hidden), nn.Linear(hidden, 4 * hidden)
h = c = torch.zeros(4, hidden)
for x in torch.randn(steps, 4, hidden):
    i, f, g, o = (to_gates(x) + again(h)).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
loss = h.sum()
loss.backward()
"""

NETWORKS = {
    "mlp": """
model = nn.Sequential(
    nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(),
    nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10),
)
images, labels = torch.rand(16, 1, 28, 28), torch.randint(0, 10, (16,))
loss = functional.cross_entropy(model(images), labels)
loss.backward()
""",
    "resnet": """
model = resnet_50()
images = torch.randn(2, 3, 64, 64)
loss = model(images).sum()
loss.backward()
""",
    "transformer": """
words = torch.randint(0, 1_000, (2, 33))
embedding = nn.Embedding(1_000, 48)
layer = nn.TransformerEncoderLayer(48, nhead=4, dim_feedforward=96, dropout=0.1, batch_first=True)
model = nn.Sequential(embedding, nn.TransformerEncoder(layer, num_layers=12), nn.Linear(48, 1_000))
loss = functional.cross_entropy(model(words[:, :-1]).flatten(0, 1), words[:, 1:].flatten())
loss.backward()
""",
    "gpt": """
model = Transformer(words=1_000, width=48)
words = torch.randint(0, 1_000, (2, 33))
scores = model(words[:, :-1])
loss = functional.cross_entropy(scores.flatten(0, 1), words[:, 1:].flatten())
loss.backward()
""",
    "lstm_200": """
model = LSTM(16)
loss = model(torch.randn(200, 4, 16)).sum()
loss.backward()
""",
    "lstm_1330": """
model = LSTM(16)
loss = model(torch.randn(1_330, 4, 16)).sum()
loss.backward()
""",
    "own_lstm_200": _OWN_CELL.format(steps=200),
    "own_lstm_1330": _OWN_CELL.format(steps=1_330),
}
"""The programs, behind the classes of `models`: a perceptron for MNIST, ResNet-50, two transformers of 12 narrow layers,
loops of LSTMCell, and loops of a cell written by hand, in which nearly every node is a circle of its own."""


@cache
def program(name: str) -> str:
    """The whole text that is run."""
    models = (Path(__file__).parent / "models.py").read_text(encoding="utf-8")
    return models + NETWORKS[name]


def path_of(name: str) -> Path:
    """The recorded trace file; recorded now where there is none of this program."""
    stamp = sha256(f"{VERSION} {program(name)}".encode()).hexdigest()[:12]
    path = FOLDER / f"{name}-{stamp}.json"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        for older in FOLDER.glob(f"{name}-*.json"):
            older.unlink()
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.networks", name, str(path)], cwd=ROOT, check=True
        )
    return path


def trace_of(name: str) -> Trace:
    """A fresh copy of a network's trace; the names are those of NETWORKS."""
    return read_trace(path_of(name))


def _record(name: str, path: Path) -> None:
    from tests.traces.recording import record_text
    from tutor.kernel.budget import Limits

    enough = Limits(elements=64, events=5_000_000, bytes=4_000_000_000)
    write_trace(record_text(program(name), limits=enough), path)


if __name__ == "__main__":
    _record(sys.argv[1], Path(sys.argv[2]))
