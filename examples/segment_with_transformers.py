"""A model of Hugging Face transformers on a data set, with identities, scored and audited:
python examples/segment_with_transformers.py hf://facebook/mask2former-swin-tiny-coco-instance truth.json frames/ out/

The first word is a folder or Hub id of DETR segmentation, Mask2Former or VidEoMT, "torchvision:maskrcnn_resnet50_fpn",
or a .pth of Mask R-CNN. Writes out/results.json and out/audit.html.
"""

import sys
from pathlib import Path

import simvtr

if len(sys.argv) != 5:
    sys.exit(__doc__)

weights, data, images, out = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
predictor = simvtr.FramePredictor(simvtr.segmenter(weights))  # masks of each frame, and who is who from frame to frame
truth = simvtr.read_truth(data)
with simvtr.PredictionWriter(out / "results.json") as results:
    for video in truth.videos.values():
        for track in predictor(simvtr.read_frames([images / name for name in video.file_names])):
            results.add(video.id, track)
found = simvtr.read_predictions(out / "results.json", truth)
print(simvtr.evaluate(truth, found).table())
audit = simvtr.audit(truth, found)
print(*audit.verdict, sep="\n")
audit.to_html(out / "audit.html")
