"""A Function as a learner writes it, for programs that use one beside much else."""

TWICE = """\
order = []
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        order.append("backward")
        return 2 * g * 1
"""
"""It notes in `order` that its backward, of two operations, has run."""
