"""Many processes, one training: every rank takes its share of a step's clips, and all take the same step.

    torchrun --nproc-per-node 2 -m simvtr train recipe.yaml

Accelerate brings the processes together (gloo on CPUs, NCCL on GPUs), and gradients become their mean over the ranks.
Losses are divided by counts of the whole step (`losses.Counts`), so that this is the gradient of one big batch.
Without torchrun there is one rank, and Accelerate is not even imported.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta

import torch
from torch import Tensor, nn

from simvtr.config import TrainConfig
from simvtr.errors import DataError
from simvtr.model.device import multiplies_bfloat16, pick_device

PATIENCE = timedelta(hours=3)  # that the others wait, for example while rank 0 validates


class Ranks:
    """This process's number among all of them, its device, and what they do together, once they have met.

    Args: config: says which device; of several GPUs each rank takes its own.
    Raises: ValueError as `device_of`.

    >>> ranks = Ranks(TrainConfig(device="cpu"))
    >>> ranks.rank, ranks.count, ranks.mean(torch.tensor([3.0])).item(), ranks.any(True)
    (0, 1, 3.0, True)
    """

    def __init__(self, config: TrainConfig) -> None:
        self.rank, self.count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        self.device, self._accelerator = device_of(config), None

    def meet(self) -> None:
        """Wait for the others. What any rank can find wrong on its own comes before: one that ends leaves no one alone.

        Raises: DataError when the ranks that came together are not those that the environment promises. (`accelerate
            launch --cpu` promises none: it runs one rank, whatever number it is given.)
        """
        if self.count == 1:
            return
        from accelerate import Accelerator, InitProcessGroupKwargs

        self._accelerator = Accelerator(
            cpu=self.device.type == "cpu",
            mixed_precision="no",  # the step has its own autocast
            kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
        )
        self.device = self._accelerator.device
        came = self._accelerator.num_processes, self._accelerator.process_index
        if came != (self.count, self.rank):
            raise DataError(
                f"ranks: must be the {self.count} of WORLD_SIZE, this one number {self.rank}; got {came[0]}, this one "
                f"number {came[1]}. Start them with torchrun --nproc-per-node {self.count} -m simvtr train ..."
            )

    def __str__(self) -> str:
        backend = torch.distributed.get_backend() if self._accelerator else ""
        return f"{self.count} ranks by {backend}, on {self.device.type}" if backend else f"1 rank on {self.device.type}"

    def wrap(self, model: nn.Module) -> nn.Module:
        """The network to call in a step: its backward pass leaves mean gradients. Weights become those of rank 0.

        Trainable norms see the clips of all ranks on GPUs, those of their own rank on CPUs, where torch has no such.
        """
        if self._accelerator is None:
            return model
        if self.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return self._accelerator.prepare_model(model)

    def own_gradients(self, network: nn.Module) -> AbstractContextManager[None]:
        """Within, a backward pass of a wrapped network adds to this rank's gradients, and leaves the mean for later."""
        return nullcontext() if self._accelerator is None else self._accelerator.no_sync(network)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over ranks of a tensor."""
        return values if self._accelerator is None else self._accelerator.reduce(values.to(self.device), "mean")  # pyright: ignore[reportReturnType]

    def any(self, here: bool) -> bool:
        """Whether it is so on any rank."""
        return here if self._accelerator is None else bool(self.mean(torch.tensor([float(here)])).item() > 0)

    def leave(self) -> None:
        """The training is over."""
        if self._accelerator is not None:
            self._accelerator.end_training()


def lost(error: RuntimeError) -> bool:
    """Whether it says that another rank has gone, as torch and its backends tell it in the midst of anything.

    >>> lost(RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer")), lost(RuntimeError("shapes"))
    (True, False)
    """
    own = torch.distributed.is_available() and isinstance(error, torch.distributed.DistError)
    return own or any(backend in str(error) for backend in ("gloo", "NCCL"))


def settled(config: TrainConfig) -> TrainConfig:
    """With the precision that "auto" is on this machine; what a checkpoint then holds.

    >>> settled(TrainConfig(device="cpu", precision="auto")).precision in ("float32", "bfloat16")
    True
    """
    if config.precision != "auto":
        return config
    return replace(config, precision="bfloat16" if multiplies_bfloat16(device_of(config)) else "float32")


def device_of(config: TrainConfig) -> torch.device:
    """The device of a training.

    Raises: ValueError when this machine has none of that kind, or it cannot train in the precision asked for.
    """
    try:
        device = pick_device(config.device)
    except ValueError as error:
        raise ValueError(f"train.{error}") from None
    if config.precision == "float16" and device.type != "cuda":
        raise ValueError(
            f"train.precision float16 needs train.device cuda, got {device.type}. Take bfloat16, or float32."
        )
    return device
