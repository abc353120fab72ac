"""Fixed norms inside the convolutions before them, for inference: the same numbers, fewer passes over the maps."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

_NORMS = {
    "BatchNorm2d",
    "FrozenBatchNorm2d",
}  # by name: the second is torchvision's, which may not import (backbone.py)
_OUTPUTS = 32  # whose kernels are multiplied at a time, in float64: a whole layer's would be the peak of memory


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
    own: dict[str, nn.Module] = {}  # what is called, by name; `traced` still has the network's own layers
    for node in list(traced.graph.nodes):
        called = _module(traced, node)
        if called is None:
            continue
        before = node.args[0]
        layer = _module(traced, before)
        if type(called).__name__ in _NORMS and isinstance(layer, nn.Conv2d):
            parts = (called.weight, called.bias, called.running_mean, called.running_var)
            if len(before.users) == 1 and _calls(traced, before.target) == 1 and all(p is not None for p in parts):
                _fold_into(own[before.target], cast(float, called.eps), *map(torch.Tensor.double, parts))  # pyright: ignore[reportArgumentType]
                node.replace_all_uses_with(before)
                traced.graph.erase_node(node)
                continue
        own.setdefault(node.target, _copied(called))
    for name, layer in own.items():
        parent, _, last = name.rpartition(".")
        setattr(traced.get_submodule(parent), last, layer)
    traced.recompile()
    traced.delete_all_unused_submodules()
    return traced


def _copied(layer: nn.Module) -> nn.Module:
    """The layer in eval mode, without gradients; its memory is the original's, but for kernels of another order."""
    made = copy.copy(layer)
    made._parameters = {
        name: None if weight is None else nn.Parameter(_in_order(weight.detach()), requires_grad=False)
        for name, weight in layer._parameters.items()
    }
    made.training = False
    return made


def _fold_into(layer: nn.Module, eps: float, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> None:
    """Make a norm part of a copied convolution."""
    scale = weight * (variance + eps).rsqrt()
    kernel, own = cast(Tensor, layer.weight), cast(Tensor | None, layer.bias)
    folded = torch.empty_like(_in_order(kernel))
    for i in range(0, len(kernel), _OUTPUTS):
        some = slice(i, i + _OUTPUTS)
        folded[some] = kernel[some] * scale[some].view(-1, 1, 1, 1)
    shift = bias + ((0 if own is None else own.double()) - mean) * scale
    layer.weight = nn.Parameter(folded, requires_grad=False)
    layer.bias = nn.Parameter(shift.to(kernel.dtype), requires_grad=False)


def _in_order(weight: Tensor) -> Tensor:
    """Kernels (o, i, h, w) in channels-last order, others as they are."""
    return weight.contiguous(memory_format=torch.channels_last) if weight.dim() == 4 else weight


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m).__name__ in _NORMS or super().is_leaf_module(m, module_qualified_name)


def _module(traced: fx.GraphModule, node: Any) -> nn.Module | None:
    """What a node calls, if it is a module."""
    is_call = isinstance(node, fx.Node) and node.op == "call_module"
    return traced.get_submodule(str(node.target)) if is_call else None


def _calls(traced: fx.GraphModule, target: Any) -> int:
    return sum(node.op == "call_module" and node.target == target for node in traced.graph.nodes)
