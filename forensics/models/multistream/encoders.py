"""Encoders of segmentation-models-pytorch: found by name, cut to a depth, filled from a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
import torch
from segmentation_models_pytorch.encoders import get_encoder, get_encoder_names
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from timm.models import load_state_dict
from torch import Tensor, nn

from forensics.models.rgb.weights import find_package, load_weights
from signals.errors import CheckpointMismatch, CheckpointMissing, WrongUsage, did_you_mean

# What names of timm's networks begin with, and where weights of some of them are installed from.
TIMM = "tu-"
PACKAGE = "package"
# Side in cells of the map that a new encoder is tried on; the largest kernels must fit into it.
PROBE = 64


def make_encoder(name: str, channels: int, depth: int, weights: str | None = None) -> Any:
    """An encoder without the layers that its last level does not need.

    Args:
        name: Name of an encoder of segmentation-models-pytorch, or ``tu-`` and that of a network of timm.
        channels: Channels C of what it reads.
        depth: How often it halves, 1 to 5.
        weights: Weights of it, see :func:`load_encoder`; None for random ones.

    Returns:
        A module ``[B, C, H, W]`` -> ``depth + 1`` maps, each half the size of the one before, the first of
        ``H x W``; their widths are ``out_channels``, 0 for a map that the encoder does not have.

    Raises:
        WrongUsage: There is no such encoder, or it cannot be cut to that depth.
        CheckpointMissing: There is no file of weights.
        CheckpointMismatch: The file holds something else.
    """
    require_encoder(name)
    try:
        encoder = get_encoder(name, in_channels=channels, depth=depth, weights=None)
        if not encoder.out_channels[-1]:
            raise ValueError("it has no map there")
        _drop_unused(encoder, channels)
    except (RuntimeError, TypeError, ValueError, AssertionError) as error:
        reason = " ".join(str(error).split())
        raise WrongUsage(
            f"encoder {name} cannot read {channels} channels in {depth} halvings ({reason}); use resnet18, say"
        ) from error
    if weights is not None:
        load_encoder(encoder, name, weights)
    return encoder


def require_encoder(name: str) -> None:
    """Makes sure that there is an encoder of that name.

    Raises:
        WrongUsage: There is none.
    """
    known = [*get_encoder_names(), *(f"tu-{network}" for network in timm.list_models())]
    if name.partition(".")[0] not in known:
        raise WrongUsage(f"unknown encoder {name!r}{did_you_mean(name, known)}")


def pixel_statistics(name: str, weights: str | None) -> tuple[Sequence[float], Sequence[float]]:
    """Mean and standard deviation, a channel, of the pixels in 0..1 that an encoder's weights were trained on."""
    if weights != PACKAGE:
        return IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
    package = find_package(name.removeprefix(TIMM))
    return package.mean, package.std


def load_encoder(encoder: nn.Module, name: str, source: str) -> None:
    """Fills an encoder with the weights that a file has for it; what else the file holds is left.

    Args:
        encoder: As :func:`make_encoder` makes it.
        name: Its name.
        source: A ``.safetensors``, ``.pth`` or ``.bin`` file of segmentation-models-pytorch, torchvision or timm; or
            ``package`` for an installed package, see :func:`forensics.models.rgb.weights.find_package`.

    Raises:
        WrongUsage: No package holds weights of this encoder.
        CheckpointMissing: There is no such file.
        CheckpointMismatch: The file lacks some of the weights, or has them in another shape.
    """
    state = _of_package(name) if source == PACKAGE else _of_file(name, source)
    expected = encoder.state_dict()
    differing = [key for key, value in expected.items() if _shape(state.get(_plain(key))) != tuple(value.shape)]
    if differing:
        first = "; ".join(
            f"{key} is {_shape(state.get(_plain(key)))} instead of {tuple(expected[key].shape)}"
            for key in differing[:3]
        )
        raise CheckpointMismatch(
            f"{source} holds no weights of {name}: {len(differing)} entries differ, first {first}; give one that does"
        )
    encoder.load_state_dict({key: state[_plain(key)] for key in expected})


def _of_file(name: str, path: str) -> dict[str, Tensor]:
    try:
        found = load_state_dict(path, weights_only=True)
        return {_plain(key): value for key, value in found.items() if isinstance(value, Tensor)}
    except FileNotFoundError as error:
        raise CheckpointMissing(f"no weights of {name} at {path}; put them there or give another file") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointMismatch(f"{path} cannot be read as weights ({reason}); give another file") from error


def _of_package(name: str) -> dict[str, Tensor]:
    network = name.removeprefix(TIMM)
    find_package(network)
    whole = timm.create_model(network, pretrained=False, num_classes=0)
    load_weights(whole, network, PACKAGE)
    return {_plain(key): value for key, value in whole.state_dict().items()}


def _plain(key: str) -> str:
    # timm joins some names of a network with underscores where it is cut into levels
    return key.removeprefix("model.").replace(".", "_")


def _shape(value: Tensor | None) -> tuple[int, ...] | str:
    return "missing" if value is None else tuple(value.shape)


def _drop_unused(encoder: nn.Module, channels: int) -> None:
    """Replaces the layers past the last level by nothing: many encoders keep those of their full depth.

    Which they are is asked of a backward pass: no gradient reaches their parameters.
    """
    training = encoder.training
    encoder.eval()
    parameters = list(encoder.parameters())
    with torch.inference_mode(False), torch.enable_grad():
        features = encoder(torch.zeros(1, channels, PROBE, PROBE))
        gradients = torch.autograd.grad(sum(level.sum() for level in features[1:]), parameters, allow_unused=True)
    encoder.train(training)
    used = {parameter for parameter, gradient in zip(parameters, gradients, strict=True) if gradient is not None}
    _drop_without(encoder, used)


def _drop_without(module: nn.Module, used: set[nn.Parameter]) -> None:
    for name, part in list(module.named_children()):
        parameters = list(part.parameters())
        if parameters and used.isdisjoint(parameters):
            setattr(module, name, nn.Identity())
        else:
            _drop_without(part, used)
    for parameter in module.parameters(recurse=False):
        parameter.requires_grad_(parameter in used)
