"""The weights that packages ship know what is in a photo; skipped where a package is not installed."""

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch import Tensor

from forensics.models.rgb.weights import WeightPackage, find_package

timm = pytest.importorskip("timm")
ESPRESSO, EGYPTIAN_CAT = 967, 285  # classes of ImageNet-1k


def photo(name: str, package: WeightPackage) -> Tensor:
    """The middle square at 224 pixels, normalized."""
    picture = Image.fromarray(getattr(data, name)())
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side)).resize((224, 224), Image.Resampling.BICUBIC)
    pixels = torch.from_numpy(np.asarray(square, np.float32) / 255).permute(2, 0, 1)
    mean, std = torch.tensor(package.mean), torch.tensor(package.std)
    return ((pixels - mean[:, None, None]) / std[:, None, None])[None]


@torch.no_grad()
@pytest.mark.parametrize(
    "name", ["tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2", "mobilenetv2_100"]
)
def test_photos_are_recognized(name: str) -> None:
    from forensics.models.rgb.weights import load_weights

    package = find_package(name)
    path = package.find()
    if path is None:
        pytest.skip(f"{package.distribution} is not installed")
    backbone = timm.create_model(name, num_classes=0).eval()
    load_weights(backbone, name, "package")
    state = torch.load(path, weights_only=True)
    weight, bias = (value for key, value in state.items() if key.startswith(package.classifier))
    found = [int((weight @ backbone(photo(name, package))[0] + bias).argmax()) for name in ("coffee", "chelsea")]
    assert found == [ESPRESSO, EGYPTIAN_CAT]
