"""How each error that has an explanation is recognised: its type, and how its message begins (torch 2.13)."""

from __future__ import annotations

PATTERNS: dict[str, tuple[str, str]] = {
    "no-grad-path": (
        "RuntimeError",
        r"element (\d+) of tensors does not require grad and does not have a grad_fn",
    ),
    "non-scalar": ("RuntimeError", r"grad can be implicitly created only for scalar outputs"),
    "non-real-scalar": (
        "RuntimeError",
        r"grad can be implicitly created only for real scalar outputs but got (?P<dtype>\S+)",
    ),
    "backward-twice": ("RuntimeError", r"Trying to backward through the graph a second time"),
    "inplace-saved": (
        "RuntimeError",
        r"one of the variables needed for gradient computation has been modified by an inplace operation: "
        r"\[(?P<type>\S+) (?P<shape>\[[^\]]*\])\](?:, which is output \d+ of (?P<op>\w+?)(?:Backward\d*)?,)?"
        r" is at version (?P<version>\d+); expected version (?P<expected>\d+) instead",
    ),
    "leaf-inplace": (
        "RuntimeError",
        r"a leaf Variable that requires grad is being used in an in-place operation",
    ),
    "leaf-view-inplace": (
        "RuntimeError",
        r"a view of a leaf Variable that requires grad is being used in an in-place operation",
    ),
    "multi-view-inplace": (
        "RuntimeError",
        r"Output (\d+) of (?P<op>\w+) is a view and is being modified inplace\. This view is the output of a function "
        r"that returns multiple views",
    ),
    "hook-view-inplace": (
        "RuntimeError",
        r"Output (\d+) of (?P<op>\w+) is a view and is being modified inplace\. This view was created inside a custom",
    ),
    "nograd-view-inplace": (
        "RuntimeError",
        r"A view was created in no_grad mode and is being modified inplace",
    ),
    "expand-inplace": (
        "RuntimeError",
        r"unsupported operation: more than one element of the written-to tensor",
    ),
    "detach-inplace-view": ("RuntimeError", r"Can't detach views in-place"),
    "detach-inplace-saved": ("RuntimeError", r"Trying to use a saved tensor that has been detached in-place"),
    "nonleaf-grad": (
        "UserWarning",
        r"The \.grad attribute of a Tensor that is not a leaf Tensor is being accessed",
    ),
    "retain-grad-noreq": ("RuntimeError", r"can't retain_grad on Tensor that has requires_grad=False"),
    "int-requires-grad": (
        "RuntimeError",
        r"[Oo]nly Tensors of floating point (?:and complex )?dtype can require",
    ),
    "flag-nonleaf": ("RuntimeError", r"you can only change requires_grad flags of leaf variables"),
    "deepcopy-nonleaf": (
        "RuntimeError",
        r"Only Tensors created explicitly by the user \(graph leaves\) support",
    ),
    "numpy-requires-grad": ("RuntimeError", r"Can't call numpy\(\) on Tensor that requires grad"),
    "unused-input": (
        "RuntimeError",
        r"(?:The differentiated Tensor at index \d+|One of the differentiated Tensors) appears to not have been used",
    ),
    "input-noreq": ("RuntimeError", r"One of the differentiated Tensors does not require grad"),
    "assign-grad-size": (
        "RuntimeError",
        r"attempting to assign a gradient of size '(?P<given>\[[^']*\])' to a tensor of size '(?P<wanted>\[[^']*\])'",
    ),
    "assign-grad-dtype": (
        "RuntimeError",
        r"attempting to assign a gradient with dtype '(?P<given>\w+)' to a tensor with grad_dtype '(?P<wanted>\w+)'",
    ),
    "assign-grad-type": (
        "TypeError",
        r"assigned grad expected to be a Tensor or None but got grad of type (?P<given>\w+)",
    ),
    "grad-output-shape": (
        "RuntimeError",
        r"Mismatch in shape: grad_output\[\d+\] has a shape of (?:torch\.Size\()?(?P<given>\[[^\]]*\])\)? and "
        r"output\[\d+\] has a shape of (?:torch\.Size\()?(?P<wanted>\[[^\]]*\])",
    ),
    "fn-count": (
        "RuntimeError",
        r"function (?P<op>\w+)Backward returned an incorrect number of gradients \(expected (?P<wanted>\d+), "
        r"got (?P<given>\d+)\)",
    ),
    "fn-shape": (
        "RuntimeError",
        r"Function (?P<op>\w+)Backward\d* returned an invalid gradient at index \d+ - got (?P<given>\[[^\]]*\]) but "
        r"expected shape compatible with (?P<wanted>\[[^\]]*\])",
    ),
    "fn-no-backward": ("NotImplementedError", r"You must implement either the backward or vjp method"),
    "fn-save-nontensor": ("TypeError", r"save_for_backward can only save variables"),
    "fn-legacy": ("RuntimeError", r"Legacy autograd function with non-static forward method is deprecated"),
    "fn-once": (
        "RuntimeError",
        r"trying to differentiate twice a function that was marked with @once_differentiable",
    ),
    "deriv-missing": ("NotImplementedError", r"the derivative for '(?P<op>[^']+)' is not implemented"),
    "out-arg": (
        "RuntimeError",
        r"(?P<op>\w+)\(\): functions with out=\.\.\. arguments don't support automatic differentiation",
    ),
    "inference-saved": ("RuntimeError", r"Inference tensors cannot be saved for backward"),
    "inference-reqgrad": (
        "RuntimeError",
        r"Setting requires_grad=True on inference tensor outside InferenceMode",
    ),
    "inference-inplace": ("RuntimeError", r"Inplace update to inference tensor outside InferenceMode"),
    "nan-anomaly": ("RuntimeError", r"Function '(?P<op>\w+)' returned nan values in its \d+th output"),
    "float-backward": (
        "AttributeError",
        r"'(?P<given>float|int|numpy\.\w+)' object has no attribute 'backward'",
    ),
    "item-multi": ("RuntimeError", r"a Tensor with (?P<count>\d+) elements cannot be converted to Scalar"),
    "scalar-conv": (
        "UserWarning",
        r"Converting a tensor with requires_grad=True to a scalar may lead to unexpected",
    ),
    "grad-none-zero": ("AttributeError", r"'NoneType' object has no attribute 'zero_'"),
    "grad-none-data": (
        "AttributeError",
        r"'NoneType' object has no attribute '(?P<what>data|item|norm|clone|shape)'",
    ),
    "grad-none-times": (
        "TypeError",
        r"unsupported operand type\(s\) for (?P<sign>\S+): '(?:float|int|Tensor)' and 'NoneType'",
    ),
    "tensor-of-tensor": ("UserWarning", r"To copy construct from a tensor, it is recommended to use"),
    "hook-noreq": ("RuntimeError", r"cannot register a hook on a tensor that doesn't require gradient"),
    "hook-size": ("RuntimeError", r"hook '[^']+' has changed the size of value"),
    "hook-type": ("TypeError", r"expected Variable, but hook returned '(?P<given>\w+)'"),
    "inputs-empty": ("RuntimeError", r"`inputs` argument to `backward\(\)` cannot be empty"),
    "sched-order": ("UserWarning", r"Detected call of `lr_scheduler\.step\(\)` before `optimizer\.step\(\)`"),
    "post-acc-nonleaf": (
        "RuntimeError",
        r"post accumulate grad hooks cannot be registered on non-leaf tensors",
    ),
    "create-graph-cycle": (
        "UserWarning",
        r"Using backward\(\) with create_graph=True will create a reference cycle",
    ),
    "opt-nonleaf": ("ValueError", r"can't optimize a non-leaf Tensor"),
    "opt-empty": ("ValueError", r"optimizer got an empty parameter list"),
    "opt-tensor": (
        "TypeError",
        r"params argument given to the optimizer should be an iterable of Tensors or dicts",
    ),
    "param-assign": (
        "TypeError",
        r"cannot assign '\S+' as parameter '(?P<name>\w+)' \(torch\.nn\.Parameter or None expected\)",
    ),
    "mse-broadcast": (
        "UserWarning",
        r"Using a target size \((?:torch\.Size\()?(?P<target>\[[^\]]*\])\)?\) that is different to the input size "
        r"\((?:torch\.Size\()?(?P<input>\[[^\]]*\])",
    ),
    "matmul-shapes": (
        "RuntimeError",
        r"mat1 and mat2 shapes cannot be multiplied \((?P<left>\d+x\d+) and (?P<right>\d+x\d+)\)",
    ),
    "size-mismatch": (
        "RuntimeError",
        r"The size of tensor a \((?P<left>\d+)\) must match the size of tensor b \((?P<right>\d+)\) at non-singleton "
        r"dimension (?P<dim>\d+)",
    ),
    "dtype-mismatch": (
        "RuntimeError",
        r"(?:expected m1 and m2 to have the same dtype, but got: (?P<left>.+) != (?P<right>\S+)|mat1 and mat2 must have "
        r"the same dtype, but got (?P<left2>\S+) and (?P<right2>\S+))",
    ),
    "device-mismatch": ("RuntimeError", r"Expected all tensors to be on the same device"),
    "input-refused": ("InputRefusedError", r""),
    "ipython-command": ("MagicRefusedError", r""),
    "crash": ("SIGSEGV", r""),
    "process-exit": ("ProcessExit", r""),
}
