"""Less memory for the same numbers: parts that are forgotten, and done again when their gradients are wanted.

Of a part only inputs and outputs stay; dropout is drawn again from the same random state. Costs a second forward pass.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint


def forgetful(function: Callable[..., Any], *inputs: Tensor | None) -> Any:
    """`function(*inputs)`, keeping nothing in between for the backward pass."""
    if not torch.is_grad_enabled():
        return function(*inputs)
    return checkpoint(function, *inputs, use_reentrant=False)


def joined(parts: list[Tensor], dim: int) -> Tensor:
    """The parts one after another; a single one as it is, not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def in_parts(function: Callable[..., Any], size: int | None, dim: int, *inputs: Tensor) -> list[Any]:
    """What `function` gives for `size` entries of its inputs along `dim` at a time, each part forgetful.

    None: one part, of everything, that forgets nothing.

    >>> [part.tolist() for part in in_parts(torch.neg, 2, 0, torch.arange(3))]
    [[0, -1], [-2]]
    """
    if size is None:
        return [function(*inputs)]
    return [forgetful(function, *part) for part in zip(*(x.split(size, dim) for x in inputs), strict=True)]
