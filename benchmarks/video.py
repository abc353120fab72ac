"""The video that speed and memory are measured on: one synthetic scene of any length, drawn and written frame by frame.

python -m benchmarks.video out/video.mp4 --frames 100
"""

import argparse
import sys
from pathlib import Path

WIDTH, HEIGHT, FPS, SEED = 320, 180, 25, 3


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--frames", type=int, required=True)
    args = parser.parse_args()
    write_scene(args.path, args.frames)
    return 0


def write_scene(path: Path, frames: int) -> Path:
    """An mp4 of moderately occluded objects, 320×180. Returns the path."""
    from simvtr.data.synth import SynthConfig
    from simvtr.data.synth.render import draw
    from simvtr.data.synth.scene import make_scene
    from simvtr.data.video import write_video

    scene = make_scene(SynthConfig(width=WIDTH, height=HEIGHT, frames=frames, occlusion="moderate"), SEED)
    with write_video(path, FPS, (WIDTH, HEIGHT)) as video:
        for index in range(frames):
            video.add(draw(scene, index).picture)
    return path


if __name__ == "__main__":
    sys.exit(main())
