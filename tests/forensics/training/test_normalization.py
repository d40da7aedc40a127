import torch

from forensics.models import create_model
from forensics.models.inputs import ModelInput, SignalInput
from forensics.training.normalization import fit_normalization
from signals.signal import SignalSpec


def test_valid_cells_alone_decide_mean_and_deviation() -> None:
    spec = SignalSpec("noise", "1", channels=2, stride=8)
    values = torch.zeros(1, 2, 4, 4)
    values[0, 0] = torch.arange(16.0).reshape(4, 4)
    values[0, 1] = 5.0
    valid = torch.zeros(1, 4, 4, dtype=torch.bool)
    valid[0, 0] = True
    signal = SignalInput(values, valid, present=torch.ones(1, dtype=torch.bool))
    batch = ModelInput(torch.zeros(1, 3, 32, 32), {"noise": signal}, torch.ones(1, 1, 2, 2, dtype=torch.bool))
    model = create_model("omgfuser_feature_tiny", [spec])
    fit_normalization(model, [batch])
    reader = model.readers["noise"]
    assert reader.mean.tolist() == [1.5, 5.0]
    torch.testing.assert_close(reader.std, torch.tensor([torch.tensor([0.0, 1, 2, 3]).std(), 1.0]))
