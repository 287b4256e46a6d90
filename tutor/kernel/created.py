"""The gradients' own graph: what a backward with create_graph makes while it works."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tutor.kernel.engine_run import Run
from tutor.kernel.tape import Tape
from tutor.protocol import CreatedBy


def register_created(tape: Tape, run: Run, gradients: Sequence[torch.Tensor | None], *, step: int) -> None:
    """The nodes of these gradients were made in this step."""
    made = [gradient for gradient in gradients if gradient is not None and gradient.grad_fn is not None]
    fresh = tape.graph.claim(
        [gradient.grad_fn for gradient in made if gradient.grad_fn is not None], span=run.span
    )
    tape.graph.describe(fresh, operands=made, created_by=CreatedBy(backward=run.id, step=step))
