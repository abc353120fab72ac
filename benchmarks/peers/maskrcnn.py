"""An outside peer: torchvision's Mask R-CNN on the same backbone, from scratch.

Its objects get identities twice: by mask IoU (linking.py), and by `simvtr.link`, which tells what the linker is worth.

The same pictures in the same order with the same flips and swapped colours as SimVTR's stage of single frames, the
same optimizer, schedule and averaged weights, for as many steps as cost what the others' trainings cost (budget.py);
then tracks of every video of the splits, for `python -m benchmarks.leaderboard maskrcnn`. Run again with the same
words, it continues where it stopped.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peak import peak
from benchmarks.peers.linking import Detection, distinct, link
from benchmarks.record import ROOT
from simvtr.config import AugmentConfig, Stage, TrainConfig, simvtr_tiny
from simvtr.data.clips import Batches, BatchPlan
from simvtr.data.dataset import Batch, Target, VideoDataset
from simvtr.data.transforms import to_input
from simvtr.data.video import read_frames
from simvtr.errors import DataError
from simvtr.inference import TrackBuilder
from simvtr.inference.instances import Instances
from simvtr.inference.instances import link as link_instances
from simvtr.schema import Track, read_truth
from simvtr.schema.writer import atomic, write_predictions
from simvtr.training.optimizer import Average, build_optimizer, clip_gradients, rate, set_rate

DATA, OUT = ROOT / "work/synth-occlusion-v1", ROOT / "runs/peers/maskrcnn"
SIDES = 96, 192  # least and greatest side of a picture, pixels; as simvtr-tiny
CHANNELS = 128  # of the pyramid; c of simvtr-tiny
ANCHORS = (8, 16, 32, 64)  # pixels, one at each level of the pyramid
REGIONS = 32  # sampled from a picture for the heads; torchvision's 512 are for pictures forty times as large
FOUND = 20  # detections in a picture at most; the data has up to 5 objects
KEEP_EVERY = 300.0  # seconds between checkpoints
STEPS = 830  # twenty minutes of a core, by budget.py
CONFIG = TrainConfig(
    optimizer="adamw",
    lr=7e-4,
    decay_norms=False,
    clip_norm=0.1,
    warmup=100,
    schedule="cosine",
    ema=0.998,
    stages=(Stage(frames=(1,), clips=8),),
    augment=AugmentConfig(photometric=0, permute_channels=0.5, crop=0, short_sides=()),
)


def main() -> int:
    command = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    command.add_argument(
        "--steps", type=int, default=STEPS, help="of training, all runs together (default: %(default)s)"
    )
    command.add_argument("--out", type=Path, default=OUT, help="folder for everything")
    command.add_argument("--splits", nargs="*", default=["val", "test"], help="to be segmented afterwards")
    command.add_argument("--memory", action="store_true", help="only say what some steps of training need, MiB")
    args = command.parse_args()
    require_torchvision()
    torch.manual_seed(CONFIG.seed)
    if args.memory:
        print(steps_memory())
        return 0
    training = Training(args.out)
    training.run(args.steps)
    for split in args.splits:
        training.segment(split)
    return 0


def require_torchvision() -> None:
    """Leave with one line unless torchvision and its compiled operators are there."""
    try:
        from torchvision.ops import nms

        nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except (ImportError, RuntimeError, NotImplementedError) as error:
        reason = " ".join(str(error).split()).partition(". ")[0][:120]
        sys.exit(
            f"maskrcnn: needs a torchvision made for this torch ({torch.__version__}), got: {reason}. In another "
            "environment: pip install torch torchvision simvtr[model]"
        )


def build() -> nn.Module:
    """Mask R-CNN for the pictures of simvtr-tiny: its backbone, narrow heads, small anchors. 8 classes."""
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
    from torchvision.ops import MultiScaleRoIAlign

    classes = simvtr_tiny().classes + 1  # background is class 0
    levels = ["0", "1", "2", "3"]
    return MaskRCNN(
        Pyramid(),
        min_size=SIDES[0],
        max_size=SIDES[1],
        image_mean=[0.0, 0.0, 0.0],  # pictures come normalised
        image_std=[1.0, 1.0, 1.0],
        rpn_anchor_generator=AnchorGenerator(tuple((size,) for size in ANCHORS), ((0.5, 1.0, 2.0),) * len(ANCHORS)),
        rpn_pre_nms_top_n_train=300,
        rpn_pre_nms_top_n_test=300,
        rpn_post_nms_top_n_train=200,
        rpn_post_nms_top_n_test=100,
        box_roi_pool=MultiScaleRoIAlign(levels, output_size=7, sampling_ratio=2),
        box_head=TwoMLPHead(CHANNELS * 49, 512),
        box_predictor=FastRCNNPredictor(512, classes),
        box_batch_size_per_image=REGIONS,
        box_detections_per_img=FOUND,
        mask_roi_pool=MultiScaleRoIAlign(levels, output_size=14, sampling_ratio=2),
        mask_head=MaskRCNNHeads(CHANNELS, (CHANNELS,) * 4, 1, norm_layer=nn.BatchNorm2d),
        mask_predictor=MaskRCNNPredictor(CHANNELS, CHANNELS, classes),
    )


class Pyramid(nn.Module):
    """The backbone of simvtr-tiny, then torchvision's feature pyramid with trainable norms."""

    out_channels = CHANNELS

    def __init__(self) -> None:
        super().__init__()
        from torchvision.ops import FeaturePyramidNetwork

        from simvtr.model.backbone import Backbone

        self.backbone = Backbone(simvtr_tiny())
        self.pyramid = FeaturePyramidNetwork(self.backbone.channels, CHANNELS, norm_layer=nn.BatchNorm2d)

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        levels = self.backbone(pictures.contiguous(memory_format=torch.channels_last))
        maps = self.pyramid(OrderedDict((str(i), level) for i, level in enumerate(levels)))
        return {name: level.float() for name, level in maps.items()}


def wanted(target: Target, size: tuple[int, int]) -> dict[str, Tensor]:
    """What one frame should give, in torchvision's words; size (H, W) of the picture."""
    there = target.present[:, 0]
    x, y, w, h = target.boxes[there, 0].unbind(-1)
    scale = target.boxes.new_tensor([size[1], size[0], size[1], size[0]])
    return {
        "boxes": torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], dim=-1) * scale,
        "labels": target.labels[there] + 1,
        "masks": target.masks[there, 0].to(torch.uint8),
    }


def batches_of(split: str) -> Batches:
    """Eight frames a step, without end, in the order in which SimVTR sees them."""
    data = VideoDataset(read_truth(DATA / split / "instances.json"), DATA / split / "JPEGImages")
    return Batches(data, BatchPlan(data.videos, CONFIG.stages, 10**9, CONFIG.seed), CONFIG.augment)


def steps_memory() -> float:
    """Peak memory in MiB of some steps on the validation split, above a process that has imported all it needs.

    As `benchmarks.leaderboard.steps_memory` for SimVTR; without decoded frames and the list of training videos.
    """
    before = peak()
    with TemporaryDirectory() as name:
        training, batches = Training(Path(name)), batches_of("val")
        training.model.train()
        for i in range(6):
            training.update(batches[i])
        training.keep()
    return peak() - before


@dataclass(frozen=True, slots=True)
class Kept:
    """What a checkpoint holds."""

    model: dict[str, Tensor]
    optimizer: dict
    average: dict[str, Tensor]
    step: int
    seconds: float  # CPU time of all steps


class Training:
    """The network, its optimizer and average, and how far they are; from the checkpoint in `folder` if there is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = build()
        self.optimizer = build_optimizer(self.model, CONFIG)
        self.average = Average(self.model, CONFIG.ema)
        self.step, self.seconds = 0, 0.0
        path = folder / "checkpoint.pt"
        if path.exists():
            saved = Kept(**torch.load(path, map_location="cpu", weights_only=True))
            self.model.load_state_dict(saved.model)
            self.optimizer.load_state_dict(saved.optimizer)
            self.average.values = saved.average
            self.step, self.seconds = saved.step, saved.seconds

    def run(self, steps: int) -> None:
        """Train until `steps` steps are done; the learning rate follows them."""
        batches = batches_of("train")
        began, kept = time.process_time() - self.seconds, self.seconds
        self.folder.mkdir(parents=True, exist_ok=True)
        self.model.train()
        with (self.folder / "log.jsonl").open("a") as log:
            while self.step < steps:
                set_rate(self.optimizer, rate(self.step, steps, CONFIG))
                values = self.update(batches[self.step])
                self.step += 1
                self.seconds = time.process_time() - began
                log.write(json.dumps({"step": self.step, "cpu": round(self.seconds, 2), **values}) + "\n")
                if self.step % 100 == 0:
                    print(f"step {self.step}, {self.seconds / 60:.1f} min: loss {values['total']:.3f}", file=sys.stderr)
                if self.seconds - kept > KEEP_EVERY:
                    self.keep()
                    log.flush()
                    kept = self.seconds
        self.keep()

    def update(self, batch: Batch) -> dict[str, float]:
        """One step. Returns its losses."""
        pictures = list(batch.frames[:, 0])
        height, width = pictures[0].shape[-2:]
        losses = self.model(pictures, [wanted(t, (height, width)) for t in batch.targets])
        total = torch.stack(list(losses.values())).sum()
        if not torch.isfinite(total):
            raise DataError(f"maskrcnn, step {self.step}: the loss must be finite, got {losses}. Lower the rate.")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        clip_gradients(self.model.parameters(), CONFIG.clip_norm)
        self.optimizer.step()
        self.average.update(self.model, self.step)
        return {name: round(loss.item(), 4) for name, loss in {**losses, "total": total}.items()}

    def keep(self) -> None:
        """Write the checkpoint; it appears whole."""
        kept = Kept(
            self.model.state_dict(),
            self.optimizer.state_dict(),
            self.average.values,
            self.step,
            self.seconds,
        )
        with atomic(self.folder / "checkpoint.pt") as file:
            torch.save({name: getattr(kept, name) for name in Kept.__slots__}, file)

    def segment(self, split: str) -> None:
        """Write `results-SPLIT.json`, `linked-SPLIT.json`, and what the first took to `about-SPLIT.json`."""
        model = build().eval()
        model.load_state_dict(self.average.values)
        truth = read_truth(DATA / split / "instances.json")
        seen, found, linked, began = {}, {}, {}, time.process_time()
        for video in truth.videos.values():
            seen[video.id] = detections(model, [DATA / split / "JPEGImages" / name for name in video.file_names])
            found[video.id] = link(seen[video.id])
        lengths = {video.id: video.length for video in truth.videos.values()}
        rate_ = sum(lengths.values()) / (time.process_time() - began)
        for video in truth.videos.values():
            pictures = read_frames([DATA / split / "JPEGImages" / name for name in video.file_names])
            linked[video.id] = named(seen[video.id], pictures, len(truth.categories))
        write_predictions(self.folder / f"results-{split}.json", found, lengths)
        write_predictions(self.folder / f"linked-{split}.json", linked, lengths)
        words = [sys.executable, "-m", "benchmarks.peers.maskrcnn", "--memory"]
        memory = float(subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
        about = {"frames/s": rate_, "minutes": self.seconds / 60, "MiB": memory, "steps": self.step}
        (self.folder / f"about-{split}.json").write_text(json.dumps(about) + "\n")
        print(f"{split}: {about}", file=sys.stderr)


def detections(model: nn.Module, paths: list[Path]) -> list[list[Detection]]:
    """What is found in each frame of one video."""
    frames = []
    with torch.inference_mode():
        for picture in read_frames(paths):
            (out,) = model(list(to_input(picture[None], *SIDES)))
            rows = zip(out["labels"].tolist(), out["scores"].tolist(), out["masks"][:, 0] > 0.5, strict=True)
            found = [Detection(label, score, mask.numpy()) for label, score, mask in rows]
            frames.append([d for d in found if d.mask.any()])
    return frames


def named(frames: list[list[Detection]], pictures: Iterable[np.ndarray], classes: int) -> list[Track]:
    """Tracks by SimVTR's own linker, as any segmenter gets them; categories are 1, 2, ..., pictures are the frames."""
    builder = TrackBuilder()
    instances = (
        Instances.scored(
            np.stack([d.mask for d in found]) if found else np.zeros((0, *picture.shape[:2]), bool),
            [d.score for d in found],
            [d.category_id - 1 for d in found],
            classes,
            picture,
        )
        for found, picture in zip(map(distinct, frames), pictures, strict=True)
    )
    for result in link_instances(instances):
        builder.add(result)
    return builder.tracks()


if __name__ == "__main__":
    sys.exit(main())
