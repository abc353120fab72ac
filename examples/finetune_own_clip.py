"""A model of your own from one clip that you labelled, on a CPU:

    python examples/finetune_own_clip.py labels frames/ runs/mine

`labels` is what CVAT or labelme gave you (XML, ZIP, folder of JSONs), or DAVIS PNGs; `frames/` the images that you
labelled. Minutes and scores to expect: benchmarks/README.md. Further words go to `simvtr train`: --train.steps 100.
"""

import sys
from pathlib import Path

from simvtr.cli.main import main

if len(sys.argv) < 4:
    sys.exit(__doc__)

labels, frames, out, *more = sys.argv[1:]
recipe = Path(__file__).parents[1] / "recipes" / "finetune-clip.yaml"
truth, weights, video = f"{out}/truth.json", f"{out}/weights", f"{out}/video"
data = ["--data.0.truth", truth, "--data.0.images", frames]
for command in (
    ["convert", "annotations", labels, "-o", truth, "--images", frames],
    ["check", truth, "--images", frames],
    ["train", str(recipe), "--out", weights, *data, *more],
    ["segment", frames, "--weights", weights, "-o", video],
):
    if code := main(command):
        sys.exit(code)
print(f"look at {video}/overlay.mp4")
