"""Errors in words: recognised by how they begin, explained in the current language."""

from __future__ import annotations

import re

import pytest

from tests.traces import golden
from tutor.insight.error_patterns import PATTERNS
from tutor.insight.errors import explain, explain_warning, explained_ids
from tutor.protocol import Failure, Warned

MESSAGES = [
    ("no-grad-path", "RuntimeError", "element 0 of tensors does not require grad and does not have a grad_fn"),
    ("non-scalar", "RuntimeError", "grad can be implicitly created only for scalar outputs"),
    (
        "inplace-saved", "RuntimeError",
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        "[torch.FloatTensor [2]], which is output 0 of Exp, is at version 1; expected version 0 instead. Hint: …",
    ),
    ("leaf-inplace", "RuntimeError", "a leaf Variable that requires grad is being used in an in-place operation."),
    ("int-requires-grad", "RuntimeError", "Only Tensors of floating point and complex dtype can require gradients"),
    (
        "grad-output-shape", "RuntimeError",
        "Mismatch in shape: grad_output[0] has a shape of torch.Size([3]) and output[0] has a shape of torch.Size([2]).",
    ),
    ("float-backward", "AttributeError", "'float' object has no attribute 'backward'"),
    ("grad-none-zero", "AttributeError", "'NoneType' object has no attribute 'zero_'"),
    ("matmul-shapes", "RuntimeError", "mat1 and mat2 shapes cannot be multiplied (4x3 and 2x5)"),
    ("opt-nonleaf", "ValueError", "can't optimize a non-leaf Tensor"),
    ("deriv-missing", "NotImplementedError", "the derivative for 'igamma: input' is not implemented."),
]  # fmt: skip


def _failure(kind: str, message: str) -> Failure:
    return Failure(type=kind, message=message, span=None, step=0)


@pytest.mark.parametrize(("identity", "kind", "message"), MESSAGES)
def test_an_error_is_recognised(identity: str, kind: str, message: str) -> None:
    found = explain(_failure(kind, message))
    assert found is not None and found.id == identity
    assert "{" not in found.title + found.cause + found.fix


def test_the_words_name_what_the_message_names() -> None:
    shape = explain(_failure("RuntimeError", MESSAGES[5][2]))
    version = explain(_failure("RuntimeError", MESSAGES[2][2]))
    assert shape is not None and "[3]" in shape.cause and "[2]" in shape.fix
    assert version is not None and "version 0" in version.cause and "version 1" in version.cause


def test_a_recorded_error_is_explained() -> None:
    error = golden("error").error
    assert error is not None
    found = explain(error)
    assert found is not None and found.id == "backward-twice"


def test_an_error_of_another_type_is_not_taken_for_it() -> None:
    assert explain(_failure("ValueError", "grad can be implicitly created only for scalar outputs")) is None
    assert explain(_failure("NameError", "name 'x' is not defined")) is None


def test_a_warning_is_explained_too() -> None:
    message = "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad …"
    found = explain_warning(Warned(category="UserWarning", message=message, span=None))
    assert found is not None and found.id == "nonleaf-grad"


def test_every_pattern_has_words_and_the_other_way_round() -> None:
    assert explained_ids() == set(PATTERNS)
    assert all(re.compile(pattern) for _, pattern in PATTERNS.values())
