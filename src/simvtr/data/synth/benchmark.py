"""synth-occlusion-v1: the data set that our figures are measured on. Seeds, not files: anyone makes it anew."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simvtr.data.synth.config import SynthConfig
from simvtr.data.synth.dataset import write_dataset
from simvtr.errors import DataError
from simvtr.schema import read_truth

NAME = "synth-occlusion-v1"


@dataclass(frozen=True, slots=True)
class Split:
    """One part of the data set: a third of its videos is slightly, a third moderately, a third heavily occluded.

    The digests are SHA-256, of instances.json and of all JPEG files one after the other in its order.
    """

    videos: int
    frames: int
    seed: int
    truth: str
    pictures: str

    @property
    def config(self) -> SynthConfig:
        """What is drawn: 160 x 96 pixels, so that a model can be trained on a CPU in hours."""
        return SynthConfig(width=160, height=96, frames=self.frames, occlusion="mixed")


SPLITS = {
    "train": Split(
        16_000,
        frames=8,
        seed=101,
        truth="79974c73d410cc9ce9e919a6b7de264a39ad5af4438af67071d66f7f07f39123",
        pictures="026210bc2a15fbb91eb92de654a9f4c0b6c15e08d51a932782f14ec83c1d00a1",
    ),
    "val": Split(
        60,
        frames=40,
        seed=102,
        truth="168477de86cbfb5c4b97af8894cdb3679f03b39401bd3a5430c61e1bf99ed709",
        pictures="51778bbc1601a61456694630e22025bb881dd860f5d95e79b93440f79e66a7ca",
    ),
    "test": Split(
        60,
        frames=40,
        seed=103,
        truth="cde61fc712e85a05c60f52e14749c512f0a1dd64b94f10f9191b5bc66ec88acd",
        pictures="89c5a7f0fca84cf97db58ba0cae7472515097938a4b880a289113138de22fa96",
    ),
}


def write_split(out: Path | str, name: str, *, progress: Callable[[int], None] | None = None) -> str:
    """Write a split as `write_dataset` does, and compare it with the one that figures were measured on.

    Args:
        out: folder.
        name: "train", "val" or "test".
        progress: as in `write_dataset`.
    Returns: one sentence: the same bytes, or the same truth under pictures that another encoder wrote.
    Raises: ValueError on another name; DataError when the truth differs: figures do not compare, then.
    """
    if name not in SPLITS:
        raise ValueError(f"{NAME} has the splits {', '.join(SPLITS)}, got {name!r}")
    split = SPLITS[name]
    path = write_dataset(out, split.config, split.videos, split.seed, progress=progress)
    truth, pictures = digests(path)
    if truth != split.truth:
        raise DataError(
            f"{path}: SHA-256 must be {split.truth} for {NAME} {name}, got {truth}: shapes are drawn otherwise here, "
            "so figures do not compare. Install the versions of numpy and opencv in constraints.txt."
        )
    if pictures != split.pictures:
        return f"{NAME} {name}: the truth is the published one, byte for byte; pictures differ (another JPEG encoder)"
    return f"{NAME} {name}: the published one, byte for byte"


def digests(path: Path) -> tuple[str, str]:
    """SHA-256 of a data set's JSON and of its pictures, in the order of the JSON."""
    pictures = hashlib.sha256()
    for video in read_truth(path).videos.values():
        for file in video.file_names:
            pictures.update((path.parent / "JPEGImages" / file).read_bytes())
    return hashlib.sha256(path.read_bytes()).hexdigest(), pictures.hexdigest()
