"""Models of other libraries, tiny and with random weights, as their libraries save them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

import simvtr.model.backbone  # noqa: F401 - as the package has it: transformers imports torchvision

SEED = 25
HOSTS = ("detr", "mask2former", "videomt")


def model(kind: str, **changes: Any) -> Any:
    """`transformers`' model of a type, with five queries; large class weights make some of them sure."""
    import transformers as hf

    torch.manual_seed(SEED)
    stages = ["stage1", "stage2", "stage3", "stage4"]
    if kind == "detr":
        config = hf.DetrConfig(
            backbone_config=hf.ResNetConfig(
                embedding_size=8, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], out_features=stages
            ),
            **{"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
            | {"num_queries": 5, "num_labels": 3}
            | changes,
        )
        made = hf.DetrForSegmentation(config)
    elif kind == "mask2former":
        config = hf.Mask2FormerConfig(
            backbone_config=hf.SwinConfig(
                image_size=32,
                embed_dim=8,
                depths=[1, 1, 1, 1],
                num_heads=[1, 1, 1, 1],
                window_size=2,
                out_features=stages,
            ),
            **{"feature_size": 32, "mask_feature_size": 32, "hidden_dim": 32, "encoder_feedforward_dim": 32}
            | {"encoder_layers": 1, "decoder_layers": 2, "num_attention_heads": 2, "dim_feedforward": 32}
            | {"num_queries": 5, "num_labels": 3}
            | changes,
        )
        made = hf.Mask2FormerForUniversalSegmentation(config)
    else:
        config = hf.VideomtConfig(
            **{"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 64, "mlp_ratio": 2}
            | {"num_blocks": 2, "num_queries": 5, "num_labels": 3}
            | changes,
        )
        made = hf.VideomtForUniversalSegmentation(config)
        with torch.no_grad():
            made.query_updater.weight.mul_(20)  # what is carried on must show
    head = made.detr.class_labels_classifier if kind == "detr" else made.class_predictor
    with torch.no_grad():
        head.weight.normal_(0, 0.5)
    return made.eval()


def saved(kind: str, folder: Path, pictures: dict[str, Any] | None = None, **changes: Any) -> Path:
    """A folder as `save_pretrained` writes it, with a file on small pictures."""
    model(kind, **changes).save_pretrained(folder)
    size = {"height": 64, "width": 64} if kind == "videomt" else {"shortest_edge": 64, "longest_edge": 128}
    file = "video_preprocessor_config.json" if kind == "videomt" else "preprocessor_config.json"
    (folder / file).write_text(
        json.dumps({"size": size, "size_divisor": 32 if kind == "mask2former" else 0} if pictures is None else pictures)
    )
    return folder


def video(frames: int = 4, height: int = 40, width: int = 60) -> np.ndarray:
    """uint8 (t, H, W, 3): noise in blocks that moves."""
    noise = np.random.default_rng(SEED).integers(0, 255, (height // 4, width // 4 + frames, 3), np.uint8)
    blocks = noise.repeat(4, 0).repeat(4, 1)
    return np.stack([blocks[:, 4 * i : 4 * i + width] for i in range(frames)])
