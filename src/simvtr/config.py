"""Every setting of the network, its training and its inference, as frozen dataclasses; presets are functions.

A default without a remark is the report's; "the report does not say" is a source too. docs/paper.md lists them all.
"""

import math
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Shape of the network. Defaults are the report's unless a comment says otherwise.

    >>> ModelConfig(channels=100)
    Traceback (most recent call last):
    ValueError: model.channels must be a multiple of model.heads (8) and of 16, got 100
    """

    backbone: str = "resnet50"  # any timm name with features at strides 4, 8, 16, 32 (§3.3)
    backbone_width: int = 64  # channels of the first stage; 64 is the standard ResNet
    frozen_norm: bool = True  # BatchNorm statistics and weights fixed, as in DETR; train from scratch needs False
    channels: int = 384  # c; VisTR's, the report does not say
    instances: int = 10  # n, queries per clip (§3.4)
    classes: int = 40  # k, from the data set's category list; "no object" comes on top
    # (id, name) of class 0, 1, ...; "" names what is no object: a number that is not used, stuff; () is ids 1..k
    categories: tuple[tuple[int, str], ...] = ()
    encoder_layers: int = 4  # the report lowers VisTR's 6 to 4 (§3.5)
    decoder_layers: int = 4  # idem
    heads: int = 8  # attention heads; VisTR's
    feedforward: int = 2048  # VisTR's
    dropout: float = 0.1  # VisTR's; training only
    pre_norm: bool = False  # post-norm is VisTR's; pre-norm learns faster from scratch
    queries: Literal["decoupled", "coupled"] = "decoupled"  # coupled: one query per frame and instance (VisTR)
    frames: int = 36  # length of the only window that coupled queries accept; decoupled ones take any
    deformable: Literal["v1", "v2", "plain"] = "v1"  # the 3x3 convolutions that end the mask head (§3.2)
    deformables: Literal[1, 2] = 2  # 2: both of them; 1: the first alone, the mask comes of a plain one (as in VisTR)
    masks: bool = True  # False: classes and boxes alone, as DETR's detectors
    mask_input: Literal["memory", "features"] = "memory"  # what the mask head reads beside the maps; features: DETR
    conv3d_head: bool = False  # VisTR's three dilated 3-D convolutions in place of the second deformable one (§3.6)
    position: Literal["tyx", "yx"] = "tyx"  # axes of the sine code; yx: DETR's, of single pictures
    padding: Literal["cut", "masked"] = "cut"  # of clips in a batch; masked: convolutions see it (DETR, VisTR)
    memory_stride: Literal[8, 16, 32] = 32  # pixels of a token's side; 8, 16: ours, for small pictures
    mask_stride: Literal[2, 4] = 4  # pixels of a mask cell's side; 2: ours, idem
    unit_maps: bool = False  # attention maps times heads*h*w, so that uniform attention is 1: ours, off in the report
    dense_class: bool = False  # a class for every token of backbone and encoder, in training only: ours
    short_side: int = 300  # pixels of the picture the network is made for; VisTR's
    long_side: int = 540  # the most its longer side may have

    def __post_init__(self) -> None:
        for name in (
            "instances",
            "classes",
            "encoder_layers",
            "decoder_layers",
            "heads",
            "feedforward",
            "backbone_width",
            "frames",
            "short_side",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"model.{name} must be at least 1, got {getattr(self, name)}")
        if self.channels < 1 or self.channels % self.heads or self.channels % 16:
            raise ValueError(
                f"model.channels must be a multiple of model.heads ({self.heads}) and of 16, got {self.channels}"
            )
        if self.categories and len(self.categories) != self.classes:
            raise ValueError(
                f"model.categories must name all {self.classes} classes or none, got {len(self.categories)} names"
            )
        if self.long_side < self.short_side:
            raise ValueError(f"model.long_side must be at least short_side ({self.short_side}), got {self.long_side}")
        if self.memory_stride not in (8, 16, 32) or self.mask_stride not in (2, 4):
            raise ValueError(
                "model.memory_stride must be 8, 16 or 32 and model.mask_stride 2 or 4, "
                f"got {self.memory_stride} and {self.mask_stride}"
            )
        if self.conv3d_head and self.mask_stride == 2:
            raise ValueError("model.mask_stride must be 4 with model.conv3d_head, as in VisTR, got 2")
        if self.padding == "masked" and self.dense_class:
            raise ValueError('model.dense_class must be false with model.padding "masked"')
        if not 0 <= self.dropout < 1:
            raise ValueError(f"model.dropout must lie in [0, 1), got {self.dropout}")

    @property
    def category_ids(self) -> tuple[int, ...]:
        """Category id of each class, in class order."""
        return tuple(i for i, _ in self.categories) or tuple(range(1, self.classes + 1))

    @property
    def objects(self) -> tuple[int, ...]:
        """The classes that are objects."""
        return tuple(i for i, name in enumerate(self.category_names) if name)

    @property
    def category_names(self) -> tuple[str, ...]:
        """Name of each class, in class order."""
        return tuple(name for _, name in self.categories) or tuple(f"class {i}" for i in self.category_ids)


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Which frames of which data set."""

    truth: str = ""  # YouTube-VIS / OVIS JSON
    images: str = ""  # folder that its file names start from
    first: int = 0  # first frame of every video that is used
    last: int | None = None  # one past the last; None: to the end
    weight: float | None = None  # share of the clips, relative to the other data sets'; None in all: by their frames

    def __post_init__(self) -> None:
        if self.first < 0 or (self.last is not None and self.last <= self.first):
            raise ValueError(f"data: frames {self.first}:{self.last} are none; first must be 0 or more and below last")
        if self.weight is not None and self.weight <= 0:
            raise ValueError(f"data.weight must be above 0, got {self.weight}")


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Changes to a training clip, the same for all its frames and masks. Defaults are VisTR's (SPEC §3)."""

    flip: float = 0.5  # chance of a left-right flip
    reverse: float = 0.0  # chance of playing the clip backwards: ours
    photometric: float = 0.5  # chance of each colour change (brightness, contrast, saturation, hue)
    permute_channels: float = 0.0  # chance of swapping R, G and B: ours, for shapes told apart without colour
    crop: float = 0.5  # chance of a random crop after a first resize
    crop_resize: tuple[int, ...] = (400, 500, 600)  # short sides of that first resize, pixels
    crop_size: tuple[int, int] = (384, 600)  # least and largest side of the crop, pixels
    paste: float = 0.0  # chance of objects of another clip in front, to hide what is behind them: ours
    short_sides: tuple[int, ...] = (300,)  # drawn from these, pixels; empty: keep the picture's size
    long_side: int = 540  # the most the longer side may have after that

    def __post_init__(self) -> None:
        for name in ("flip", "reverse", "photometric", "permute_channels", "crop", "paste"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"train.augment.{name} must be a chance in [0, 1], got {getattr(self, name)}")
        pixels = (*self.short_sides, *self.crop_resize, *self.crop_size, self.long_side)
        if not self.crop_resize or min(pixels) < 1 or self.crop_size[0] > self.crop_size[1]:
            raise ValueError(
                "train.augment: sides must be at least 1 pixel, crop_resize must name some, and crop_size be least and "
                f"greatest, got short_sides {self.short_sides}, crop_resize {self.crop_resize}, "
                f"crop_size {self.crop_size}, long_side {self.long_side}"
            )


@dataclass(frozen=True, slots=True)
class LossConfig:
    """Weights of the losses; the matching cost uses the first, third and fourth (SPEC §2)."""

    label: float = 1.0
    no_object: float = 0.1  # weight of the class "no object" inside the class loss
    l1: float = 5.0
    giou: float = 2.0
    focal: float = 1.0  # sigmoid focal loss of the masks, alpha .25, gamma 2
    dice: float = 1.0
    dense: float = 0.0  # class of every token (model.dense_class): ours
    mask_stride: int = 1  # masks are compared at the picture's size divided by this; VisTR: 1

    def __post_init__(self) -> None:
        for name in ("label", "no_object", "l1", "giou", "focal", "dice", "dense"):
            if getattr(self, name) < 0:
                raise ValueError(f"train.loss.{name} must not be negative, got {getattr(self, name)}")
        if self.mask_stride < 1:
            raise ValueError(f"train.loss.mask_stride must be at least 1, got {self.mask_stride}")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the training with one clip length."""

    share: float = 1.0  # of all steps
    frames: tuple[int, ...] = (16,)  # t, drawn from these for every batch
    clips: int = 1  # b, of a step: all its parts (`train.accumulate`) and all ranks together

    def __post_init__(self) -> None:
        for name, least in (("share", self.share), ("frames", min(self.frames, default=0)), ("clips", self.clips)):
            if least <= 0:
                raise ValueError(f"train.stages: {name} must be above 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How to train. Defaults are the report's §4.1 where it speaks, VisTR's elsewhere."""

    optimizer: Literal["adabelief", "adamw"] = "adabelief"
    lr: float = 1e-5  # the report: not above 1e-4
    backbone_lr: float | None = None  # None: the same
    freeze: int = 0  # fixed from the backbone's start: 1 the stem and the first stage (as DETR and VisTR), 4 all of it
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float | None = None  # null: 1e-16 with AdaBelief, as in its author's package, 1e-8 with AdamW
    weight_decay: float = 1e-4
    decay_norms: bool = True  # weight decay on one-dimensional parameters too
    clip_norm: float = 0.1  # largest gradient norm; 0: no clipping
    epochs: int = 18
    steps: int | None = None  # instead of epochs
    schedule: Literal["step", "cosine"] = "step"  # step: times 0.1 at `drop`; cosine: down to 2 %
    drop: float = 12 / 18  # share of the training after which the step schedule drops
    warmup: int = 0  # steps of linear warm-up
    checkpointing: bool = False  # do forward passes again in the backward pass: a fraction of the memory, same numbers
    accumulate: int = 1  # parts that a rank's clips of a step are run in, one after another: same step, less memory
    ema: float = 0.0  # decay of averaged weights, which are then the ones saved; 0: off
    crop_steps: int = 0  # first teach the backbone to classify crops of objects, 64 at a time: ours, from scratch
    stages: tuple[Stage, ...] = (Stage(),)
    seed: int = 25  # the report's
    checkpoint_minutes: float = 10.0
    wrap: bool = False  # windows that start before frame 0 take frames from the end, as in VisTR; False: shift them
    workers: int = 0  # processes that load clips
    # Of the network; weights and losses stay float32. auto: bfloat16 where the device multiplies in it, else float32.
    precision: Literal["float32", "bfloat16", "float16", "auto"] = "float32"
    device: str = "auto"  # auto | cpu | cuda | mps
    loss: LossConfig = field(default_factory=LossConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)

    def __post_init__(self) -> None:
        if not 0 < self.lr < math.inf:
            raise ValueError(f"train.lr must be above 0, got {self.lr}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"train.betas must lie in [0, 1), got {self.betas}")
        if self.device.split(":")[0] not in ("auto", "cpu", "cuda", "mps"):
            raise ValueError(f"train.device must be auto, cpu, cuda or mps, got {self.device!r}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"train.steps must be at least 1, or null for epochs, got {self.steps}")
        if self.epochs < 1:
            raise ValueError(f"train.epochs must be at least 1, got {self.epochs}")
        if not 0 <= self.freeze <= 4:
            raise ValueError(f"train.freeze must be 0 to 4 stages, got {self.freeze}")
        if self.accumulate < 1 or any(stage.clips % self.accumulate for stage in self.stages):
            raise ValueError(
                "train.accumulate must be at least 1 and divide the clips of every stage, got "
                f"{self.accumulate} and {[stage.clips for stage in self.stages]}"
            )
        amounts = "workers warmup crop_steps clip_norm weight_decay checkpoint_minutes seed eps"
        for name in amounts.split():
            if not 0 <= (getattr(self, name) or 0) < math.inf:
                raise ValueError(f"train.{name} must not be negative, got {getattr(self, name)}")
        if not self.stages or abs(sum(stage.share for stage in self.stages) - 1) > 1e-6:
            raise ValueError(f"train.stages: shares must add up to 1, got {[stage.share for stage in self.stages]}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"train.ema must lie in [0, 1), got {self.ema}")


@dataclass(frozen=True, slots=True)
class InferConfig:
    """What becomes of a window's outputs (SPEC §4)."""

    window: int | Literal["all"] = 1  # frames per forward pass
    threshold: float = 0.001  # a frame whose score is below gets no mask; VisTR's
    mask_threshold: float = 0.5  # of the mask's probability

    def __post_init__(self) -> None:
        if self.window != "all" and (not isinstance(self.window, Integral) or self.window < 1):
            raise ValueError(f'window must be at least 1 frame, or "all", got {self.window!r}')
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must lie in [0, 1], got {self.threshold}")


@dataclass(frozen=True, slots=True)
class IdentityConfig:
    """How `link` names objects (inference/link.py). Numbers without a source were chosen on 24 synthetic videos (seed
    7001; `colour` also on 24 of 7002, `motion`, `renew` and `shared` also on 24 of 7003), not on those that figures
    are given for; `again`, `settle` and `remember` on two long ones (benchmarks/long_scene.py, seeds 1 and 5).

    A pair of an object and a query costs the mean of its terms, each in [0, 1], by these weights; a weight of 0 leaves
    a term out.
    """

    embedding: float = 1.0  # weight of the distance of query embeddings
    colour: float = 2.0  # of the distance of colours
    mask: float = 1.0  # of 1 - IoU of the object's last mask, moved on, and the window's first
    category: float = 0.5  # of the disagreement of class probabilities
    category_alone: float = 0.95  # of the same without embeddings and colours: class alone says what a thing looks like
    motion: float = 0.5  # of the distance of centres
    far: float = 0.5  # cosine distance of embeddings and colours that counts as 1
    reach: float = 1.0  # distance of centres, in sizes of the object, that counts as 1
    fade: float = 4.0  # frames unseen after which half of what place says (mask, motion) is forgotten
    unknown: float = 0.8  # cost of a place that is forgotten
    unknown_alone: float = 1.0  # the same where there are neither: class alone brings nothing back from there
    astray: float = 0.5  # the most that a wrong place costs
    renew: float = 0.3  # share of the newest embedding and colours in what is remembered
    gate: float = 0.6  # a pair that costs as much as this or more is none
    birth: float = 0.1  # least score of a query that becomes a new object
    least: float = 0.02  # least score of a query that continues one
    duplicate: float = 0.5  # mask IoU over the window from which two queries are one object
    shared: float = 0.15  # the same of two that it costs least to continue the same object
    strange: float = 0.3  # share of what its object costs that counts against a query's score among duplicates
    doubt: int = 20  # frames of absence that a track's score starts with
    again: float = 0.1  # difference in looks below which an object turns out to be a lost one; 0: never
    settle: int = 5  # frames in which it must be seen before
    remember: int = 1000  # frames for which a lost object can come back
    live: int = 50  # the most objects at a time, lost ones that are remembered included

    def __post_init__(self) -> None:
        for each in fields(self):
            value, whole = getattr(self, each.name), each.type is int
            number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
            if not number or not math.isfinite(value):
                raise ValueError(
                    f"identity.{each.name} must be a {'whole ' if whole else 'finite '}number, got {value!r}"
                )
        for name in ("embedding", "colour", "mask", "category", "category_alone", "motion"):
            if getattr(self, name) < 0:
                raise ValueError(f"identity.{name} must not be negative, got {getattr(self, name)}")
        if not any((self.category_alone, self.mask, self.motion)):
            raise ValueError(
                "identity: category_alone, mask or motion must be above 0, got 0 for all. Nothing else tells objects "
                "apart where there are no embeddings."
            )
        for name in ("far", "reach", "fade"):
            if getattr(self, name) <= 0:
                raise ValueError(f"identity.{name} must be above 0, got {getattr(self, name)}")
        shares = "unknown unknown_alone astray renew gate birth least duplicate shared strange again"
        for name in shares.split():
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"identity.{name} must lie in [0, 1], got {getattr(self, name)}")
        for name, least in (("doubt", 0), ("settle", 0), ("remember", 0), ("live", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"identity.{name} must be at least {least}, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One page of recipes/: everything `simvtr train` needs."""

    out: str = "runs/last"  # folder of checkpoints, log and weights
    start: str | None = None  # weights to start from: packaged name, folder or file; None: from scratch
    model: ModelConfig = field(default_factory=ModelConfig)  # given with `start`: what fits it is kept, the rest new
    data: tuple[DataConfig, ...] = ()
    validate: DataConfig | None = None
    validate_every: int = 0  # steps; 0: only at the end
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        if not self.out.strip():  # it would be the current folder
            raise ValueError(f"out must name a folder for checkpoints and weights, got {self.out!r}. Say runs/mine.")
        if self.validate_every < 0:
            raise ValueError(f"validate_every must not be negative, got {self.validate_every}")
        if len({data.weight is None for data in self.data}) > 1:
            raise ValueError(f"data: either all sets must have a weight, or none, got {[d.weight for d in self.data]}")


def simvtr_r50(**changes) -> ModelConfig:
    """The report's network (Fig. 1, §3). Score: not measured (needs OVIS).

    >>> simvtr_r50().encoder_layers, simvtr_r50(classes=25).classes
    (4, 25)
    """
    return ModelConfig(**changes)


def simvtr_r101(**changes) -> ModelConfig:
    """The report's network on ResNet-101. Score: not measured."""
    return ModelConfig(**{"backbone": "resnet101", **changes})


def simvtr_tiny(**changes) -> ModelConfig:
    """ResNet-18 at three quarters of its width and a narrow transformer, made to train and run on a CPU.

    Recipe: recipes/synth-tiny.yaml. The packaged weights have mask_stride 2 and memory_stride 16
    (recipes/synth-tiny-fine.yaml) or, simvtr-tiny-finer, 8 (recipes/synth-tiny-finer.yaml and -finest.yaml) besides.
    """
    tiny = {
        "backbone": "resnet18",
        "backbone_width": 48,
        "frozen_norm": False,
        "channels": 128,
        "feedforward": 1024,
        "dropout": 0.0,
        "pre_norm": True,
        "unit_maps": True,
        "dense_class": True,
        "classes": 8,
        "short_side": 96,
        "long_side": 192,
    }
    return ModelConfig(**{**tiny, **changes})


def vistr_r50(**changes) -> ModelConfig:
    """VisTR (arXiv 2011.14503): coupled queries for 36 frames, 6+6 layers, 3-D mask head. Score: not measured."""
    vistr = {"queries": "coupled", "encoder_layers": 6, "decoder_layers": 6, "conv3d_head": True, "classes": 41}
    return ModelConfig(**{**vistr, **changes})


def vistr_r101(**changes) -> ModelConfig:
    """VisTR on ResNet-101. Score: not measured."""
    return vistr_r50(**{"backbone": "resnet101", **changes})


PRESETS = {
    "simvtr-r50": simvtr_r50,
    "simvtr-r101": simvtr_r101,
    "simvtr-tiny": simvtr_tiny,
    "vistr-r50": vistr_r50,
    "vistr-r101": vistr_r101,
}
