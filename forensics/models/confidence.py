"""The head that says where a network's map can be trusted."""

from __future__ import annotations

from forensics.models.heads import LocalizationHead
from forensics.models.initialization import initialize
from forensics.models.network import FusionNetwork


def add_confidence_head(network: FusionNetwork) -> None:
    """Gives a network a confidence head with random weights, unless it has one of its own.

    The head reads the tokens that the map is made from and is built like the localization head; nothing else of the
    network, nor what it says of a picture, changes.

    Source: TruFor (CVPR 2023), confidence decoder.
    """
    if not has_confidence_head(network):
        network.confidence = initialize(LocalizationHead(network.token_width, network.patch_size))


def has_confidence_head(network: FusionNetwork) -> bool:
    """Whether the head belongs to this network, not to one that it has grown from."""
    return "confidence" in dict(network.named_children())
