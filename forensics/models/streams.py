"""Streams: one kind of evidence -> tokens ``[B, D, h, w]`` on the patch grid."""

from __future__ import annotations

from torch import Tensor, nn

from forensics.models.attention import Transformer, to_grid, to_tokens
from forensics.models.inputs import SignalInput
from forensics.models.object_attention import ObjectGuide


class SignalStream(nn.Module):
    """Tokens of one signal, refined by attention that stays inside objects.

    Args:
        tokenizer: Signal -> ``[B, D, h, w]``.
        transformer: Object guided blocks.

    Source: OMG-Fuser, forensic signal streams.
    """

    def __init__(self, tokenizer: nn.Module, transformer: Transformer) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.transformer = transformer

    def forward(self, signal: SignalInput, positions: Tensor, guide: ObjectGuide) -> Tensor:
        """Gives ``[B, D, h, w]``.

        Args:
            signal: The signal of B pictures.
            positions: Position table ``[D, h, w]``.
            guide: Which of the h w patches may attend to which.
        """
        tokens = self.tokenizer(signal) + positions
        return to_grid(self.transformer(to_tokens(tokens), guide), *tokens.shape[2:])
