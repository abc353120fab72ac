"""From gradients to weights: AdaBelief (paper §4.1) or AdamW, the learning rate of a step, averaged weights."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

import simvtr.model.backbone  # noqa: F401  (its guarded import of timm must be the first)
from simvtr.config import TrainConfig

EPS = {"adabelief": 1e-16, "adamw": 1e-8}
FLOOR = 0.02  # of the learning rate, at the end of a cosine schedule


def parameter_groups(model: nn.Module, config: TrainConfig) -> list[dict]:
    """Trainable parameters by learning rate (backbone or not) and weight decay (one-dimensional or not).

    Each group carries `initial_lr`, which `set_rate` scales. Parameters named `backbone.*` are the backbone.
    """
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        backbone = config.backbone_lr is not None and name.startswith("backbone.")
        lr = config.backbone_lr if backbone and config.backbone_lr is not None else config.lr
        decay = config.weight_decay if config.decay_norms or parameter.ndim > 1 else 0.0
        groups.setdefault((lr, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": lr, "initial_lr": lr, "weight_decay": decay}
        for (lr, decay), parameters in groups.items()
    ]


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """AdaBelief with the flags of the author's package (decoupled decay, rectified, eps 1e-16), or AdamW (eps 1e-8).

    `train.eps` stands in for either's eps.

    State is float32 even for half-precision weights. AdaBelief is timm's, equal to adabelief-pytorch step by step.
    """
    groups = parameter_groups(model, config)
    eps = EPS[config.optimizer] if config.eps is None else config.eps
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.lr, betas=config.betas, eps=eps, fused=True)
    from timm.optim.adabelief import AdaBelief

    return AdaBelief(
        groups, lr=config.lr, betas=config.betas, eps=eps, decoupled_decay=True, fixed_decay=False, rectify=True
    )


def rate(step: int, steps: int, config: TrainConfig) -> float:
    """What the learning rate of step 0, 1, ..., steps-1 is multiplied by: a pure function of the step.

    >>> [rate(step, 18, TrainConfig()) for step in (0, 11, 12, 17)]  # times 0.1 at 12 of 18
    [1.0, 1.0, 0.1, 0.1]
    >>> [round(rate(step, 100, TrainConfig(schedule="cosine", warmup=4)), 3) for step in (0, 50, 100)]
    [0.25, 0.51, 0.02]
    """
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.schedule == "cosine":
        return warm * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * step / steps)))
    return warm * (0.1 if step >= config.drop * steps else 1.0)


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Every group's learning rate becomes its `initial_lr` times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


def clip_gradients(parameters: Iterable[Tensor], largest: float) -> float:
    """Scale all gradients so that their common norm is at most `largest` (0: leave them). Returns the norm before."""
    return float(nn.utils.clip_grad_norm_(parameters, largest or math.inf))


class Average:
    """Exponential moving average of a model's weights and statistics, which often scores better than the last weights.

    The decay starts low, min(decay, (1 + updates) / (10 + updates)), so that the random start is soon forgotten.

    >>> layer = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.zeros_(layer.weight)
    >>> average = Average(layer, decay=0.9)
    >>> _ = nn.init.ones_(layer.weight)
    >>> average.update(layer, updates=0)  # keeps a tenth of the start
    >>> round(average.values["weight"].item(), 3)
    0.9
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, updates: int) -> None:
        """Take in the weights after update number `updates` (0, 1, ...)."""
        keep = min(self.decay, (1 + updates) / (10 + updates))
        olds, news = [], []
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                olds.append(self.values[name])
                news.append(value)
            else:  # counters have no average
                self.values[name].copy_(value)
        torch._foreach_lerp_(olds, news, 1 - keep)  # pyright: ignore[reportPrivateImportUsage]
