"""Puts the baseline together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from segmentation_models_pytorch import Unet

from forensics.models.heads import PooledDetectionHead
from forensics.models.initialization import initialize
from forensics.models.multistream.encoders import load_encoder, require_encoder
from forensics.models.rgb_baseline.network import RgbUnet, reads_pixels_only
from forensics.models.rgb_baseline.preset import RgbUnetPreset
from signals.errors import WrongUsage
from signals.signal import SignalSpec

HALVINGS = 5


def build(preset: RgbUnetPreset, signals: Sequence[SignalSpec]) -> RgbUnet:
    """A network with random weights; see :func:`forensics.models.create_model`.

    Raises:
        WrongUsage: There are signals, or the encoder or the decoder cannot be built.
    """
    if signals:
        raise reads_pixels_only([spec.name for spec in signals])
    if len(preset.decoder) != HALVINGS:
        raise WrongUsage(f"decoder {tuple(preset.decoder)} has not {HALVINGS} widths; give one for each doubling")
    require_encoder(preset.encoder)
    unet = Unet(
        preset.encoder,
        encoder_weights=None,
        decoder_channels=tuple(preset.decoder),
        decoder_interpolation="bilinear",
    )
    if preset.weights is not None:
        load_encoder(unet.encoder, preset.encoder, preset.weights)
    return RgbUnet(
        unet,
        initialize(PooledDetectionHead(unet.encoder.out_channels[-1])),
        tile_size=preset.tile_size,
        object_rule=preset.object_rule,
    )


def build_stream(preset: RgbUnetPreset, spec: SignalSpec) -> NoReturn:
    """There are no streams of signals.

    Raises:
        WrongUsage: Always.
    """
    raise reads_pixels_only([spec.name])
