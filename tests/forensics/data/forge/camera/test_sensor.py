from __future__ import annotations

import numpy as np
import pytest

from forensics.data.forge.camera.sensor import Sensor


@pytest.mark.parametrize(("gain", "read_noise"), [(3e-4, 2.0), (1e-3, 5.0)])
def test_variance_is_a_line_in_light(gain, read_noise):
    sensor = Sensor(gain, read_noise, bits=16)
    light = np.linspace(0.05, 0.75, 15)
    measured = [sensor.measure(np.full((256, 256), level, np.float32), seed) for seed, level in enumerate(light)]
    slope, start = np.polyfit(light, [samples.var() for samples in measured], 1)
    assert slope == pytest.approx(gain, rel=0.02)
    assert start == pytest.approx((gain * read_noise) ** 2, abs=0.02 * gain)
    assert np.allclose([samples.mean() for samples in measured], light, atol=5 * np.sqrt(gain) / 256)
    assert sensor.deviation(0.4) == pytest.approx(np.sqrt(gain * 0.4 + (gain * read_noise) ** 2))


def test_without_reading_out_the_electrons_are_counted():
    samples = Sensor(1 / 255, 0.0, bits=8).measure(np.full((128, 128), 0.01, np.float32), 5)
    share_of_none = (samples == 0).mean()
    assert share_of_none == pytest.approx(np.exp(-2.55), abs=0.01)  # Poisson of mean 2.55


def test_depth_is_the_number_of_steps():
    light = np.linspace(0, 1, 65536, dtype=np.float32).reshape(256, 256)
    assert len(np.unique(Sensor(1e-5, 1.0, bits=8).measure(light, 0))) == 256


def test_full_scale_and_black_are_limits():
    light = np.array([[0.0, 1.0]], np.float32).repeat(500, axis=0)
    samples = Sensor(1e-3, 5.0, bits=12).measure(light, 3)
    assert samples.min() == 0
    assert samples.max() == 1
    assert samples.dtype == np.float32


def test_noise_is_the_seeds():
    light = np.full((32, 32), 0.3, np.float32)
    sensor = Sensor(1e-4, 2.0, bits=14)
    one, again, other = (sensor.measure(light, seed) for seed in (7, 7, 8))
    assert (one == again).all()
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.12
