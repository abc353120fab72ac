"""Fixed norms inside the convolutions before them, for inference: the same numbers, fewer passes over the maps."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

_NORMS = {
    "BatchNorm2d",
    "FrozenBatchNorm2d",
}  # by name: the second is torchvision's, which may not import (backbone.py)


class Folded:
    """A copy of a network without its norms, made anew whenever a weight has changed.

    Only norms that alone read the output of a convolution are folded; a network that cannot be traced stays as it is.
    Its maps lie in channels-last order, in which CPUs convolve faster. The copy is no part of the network: no
    parameters, nothing saved.
    """

    def __init__(self) -> None:
        self._made: tuple[Any, nn.Module] | None = None

    def of(self, network: nn.Module) -> nn.Module:
        """The copy of a network in eval mode; the network itself where nothing tells whether its weights changed."""
        weights = [*network.parameters(), *network.buffers()]
        if any(weight.is_inference() for weight in weights):
            return network
        state = tuple((weight.data_ptr(), weight._version) for weight in weights)
        if self._made is None or self._made[0] != state:
            with torch.inference_mode(False), torch.no_grad():  # it may be called outside of this pass, too
                self._made = state, fold(network)
        return self._made[1]

    def __deepcopy__(self, _: Any) -> "Folded":
        return Folded()

    def __reduce__(self) -> tuple[type["Folded"], tuple[()]]:
        return Folded, ()


def fold(network: nn.Module) -> nn.Module:
    """A copy in which every batch norm that alone reads a convolution is part of its weights and bias.

    >>> pair = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).eval()
    >>> [type(layer).__name__ for layer in fold(pair).children()]
    ['Conv2d', 'ReLU']
    """
    try:
        traced = fx.GraphModule(network, _Tracer().trace(network))
    except (TypeError, ValueError, RuntimeError, NotImplementedError):  # fx.TraceError is a ValueError
        return network
    traced = copy.deepcopy(traced)
    for node in list(traced.graph.nodes):
        norm = _module(traced, node)
        if norm is None or type(norm).__name__ not in _NORMS:
            continue
        before = node.args[0]
        layer, parts = _module(traced, before), (norm.weight, norm.bias, norm.running_mean, norm.running_var)
        if not isinstance(layer, nn.Conv2d) or len(before.users) != 1 or _calls(traced, before.target) != 1:
            continue
        if any(part is None for part in parts):
            continue
        weight, bias, mean, variance = (cast(Tensor, part).to(torch.float64) for part in parts)
        scale = weight * (variance + cast(float, norm.eps)).rsqrt()
        own = 0 if layer.bias is None else layer.bias.to(torch.float64)
        shift = bias + (own - mean) * scale
        layer.weight = nn.Parameter((layer.weight * scale.view(-1, 1, 1, 1)).to(layer.weight.dtype), False)
        layer.bias = nn.Parameter(shift.to(layer.weight.dtype), False)
        node.replace_all_uses_with(before)
        traced.graph.erase_node(node)
    traced.recompile()
    traced.delete_all_unused_submodules()
    return traced.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m).__name__ in _NORMS or super().is_leaf_module(m, module_qualified_name)


def _module(traced: fx.GraphModule, node: Any) -> nn.Module | None:
    """What a node calls, if it is a module."""
    is_call = isinstance(node, fx.Node) and node.op == "call_module"
    return traced.get_submodule(str(node.target)) if is_call else None


def _calls(traced: fx.GraphModule, target: Any) -> int:
    return sum(node.op == "call_module" and node.target == target for node in traced.graph.nodes)
