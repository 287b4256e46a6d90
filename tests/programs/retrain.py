"""A trained network, scored on noise and updated once: after a notebook on freezing and retraining."""

import torch
from digits_network import Network

model = torch.load("digits.pt", weights_only=False)
pixels = torch.rand(64, 784)
targets = torch.rand(64, 10)

scores = model(pixels)
guesses = torch.argmax(scores, dim=1)
loss = (scores - targets).sum()
before = [parameter.detach().clone() for parameter in model.parameters()]
loss.backward()

optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
optimizer.step()
moved = [bool((old != new).any()) for old, new in zip(before, model.parameters(), strict=True)]
print(isinstance(model, Network), guesses.shape, all(moved))
