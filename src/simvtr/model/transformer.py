"""Transformer: joint attention over all tokens of a clip, then n queries read them (paper Fig. 1, §3.5; DETR's layers).

Attention runs through `scaled_dot_product_attention` inside `nn.MultiheadAttention`, so no (t·h·w)² matrix is stored.
"""

import torch
from torch import Tensor, nn

from simvtr.config import ModelConfig
from simvtr.model.memory import forgetful


class _Layer(nn.Module):
    """What encoder and decoder layers share: the feed-forward block and where the norms stand."""

    def __init__(self, config: ModelConfig, attentions: int) -> None:
        super().__init__()
        self.pre_norm = config.pre_norm
        self.attentions = nn.ModuleList(
            nn.MultiheadAttention(config.channels, config.heads, config.dropout, batch_first=True)
            for _ in range(attentions)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(config.channels) for _ in range(attentions + 1))
        self.feedforward = nn.Sequential(
            nn.Linear(config.channels, config.feedforward),
            nn.ReLU(inplace=True),
            nn.Dropout(config.dropout),
            nn.Linear(config.feedforward, config.channels),
        )
        self.dropout = nn.Dropout(config.dropout)

    def _attend(
        self,
        which: int,
        x: Tensor,
        position: Tensor,
        keys: Tensor | None,
        key_position: Tensor,
        hidden: Tensor | None = None,
    ) -> Tensor:
        """One residual attention block; `keys` None: x attends to itself. To hidden (b, s) keys nobody attends."""
        query = self.norms[which](x) if self.pre_norm else x
        value = query if keys is None else keys
        found, _ = self.attentions[which](
            query + position, value + key_position, value, key_padding_mask=hidden, need_weights=False
        )
        x = x + self.dropout(found)
        return x if self.pre_norm else self.norms[which](x)

    def _feed(self, x: Tensor) -> Tensor:
        y = x + self.dropout(self.feedforward(self.norms[-1](x) if self.pre_norm else x))
        return y if self.pre_norm else self.norms[-1](y)


class EncoderLayer(_Layer):
    """Tokens (b, t·h·w, c) attend to each other across space and time."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, attentions=1)

    def forward(self, tokens: Tensor, position: Tensor, hidden: Tensor | None = None) -> Tensor:
        return self._feed(self._attend(0, tokens, position, None, position, hidden))


class DecoderLayer(_Layer):
    """Slots (b, n, c) attend to each other, then to the memory (b, t·h·w, c)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config, attentions=2)

    def forward(
        self, slots: Tensor, query: Tensor, memory: Tensor, position: Tensor, hidden: Tensor | None = None
    ) -> Tensor:
        slots = self._attend(0, slots, query, None, query)
        return self._feed(self._attend(1, slots, query, memory, position, hidden))


class Transformer(nn.Module):
    """Encoder and decoder; every decoder layer's output is returned, for the auxiliary losses."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.encoder_norm = nn.LayerNorm(config.channels) if config.pre_norm else nn.Identity()
        self.decoder_norm = nn.LayerNorm(config.channels)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self,
        query: Tensor,
        tokens: Tensor,
        position: Tensor,
        saving: bool = False,
        hidden: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Encode, then decode.

        Args:
            query: (n, c), learned; added to the slots, which start at zero.
            tokens: (b, s, c) with s = t·h·w, frame-major.
            position: (s, c), or (b, s, c).
            saving: memory, by doing every layer again in the backward pass.
            hidden: bool (b, s), True for tokens that none may attend to; None: there are none.
        Returns: memory (b, s, c) and slots (l, b, n, c).
        """
        for layer in self.encoder:
            read = (tokens, position, hidden)
            tokens = forgetful(layer, *read) if saving else layer(*read)
        memory = self.encoder_norm(tokens)
        query = query.expand(len(memory), -1, -1)
        slots, outputs = torch.zeros_like(query), []
        for layer in self.decoder:
            read = (slots, query, memory, position, hidden)
            slots = forgetful(layer, *read) if saving else layer(*read)
            outputs.append(self.decoder_norm(slots))
        return memory, torch.stack(outputs)
