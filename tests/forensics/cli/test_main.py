from __future__ import annotations

import re
import subprocess
import sys

import pytest

from forensics import __version__

HEAVY = ("torch", "lightning", "numpy", "cv2", "scipy", "rich.traceback", "albumentations")


@pytest.mark.parametrize(
    "code",
    [
        "import forensics",
        "import sys; sys.argv = ['tracefuse', '--help']\n"
        "from forensics.cli.main import run\n"
        "try: run()\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    check = f"\nimport sys; print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


def test_lazy_names_are_the_ones_of_signals() -> None:
    import forensics
    from signals.errors import ForensicsError

    assert forensics.ForensicsError is ForensicsError
    assert forensics.Analyzer.__name__ == "Analyzer"
    with pytest.raises(AttributeError):
        _ = forensics.Unknown


def test_help_names_the_commands(tracefuse) -> None:
    ran = tracefuse("--help")
    assert ran.exit_code == 0
    for command in ("analyze", "signals", "forge", "train", "info"):
        assert re.search(rf"^  {command} ", ran.out, re.MULTILINE)


def test_version(tracefuse) -> None:
    assert tracefuse("--version").out == f"tracefuse {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["analyze"], ["analyze", "a.jpg", "--jobs", "0"], ["--no-such"]])
def test_wrong_usage_is_2(tracefuse, arguments) -> None:
    assert tracefuse(*arguments).exit_code == 2


def test_errors_are_one_line_and_debug_shows_the_trace(tracefuse, tmp_path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    ran = tracefuse("signals", "extract", "a.jpg", "--signal", "dct")
    assert (ran.exit_code, ran.err.count("\n")) == (3, 1)
    assert "Traceback" in tracefuse("--debug", "signals", "extract", "a.jpg", "--signal", "dct").err
    assert "Traceback" in tracefuse("signals", "extract", "a.jpg", "--signal", "dct", "--debug").err


def test_interrupt_is_130(tracefuse, monkeypatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("forensics.cli.inputs.without_repeats", interrupt)
    ran = tracefuse("analyze", "a.jpg")
    assert ran.exit_code == 130
    assert ran.err.splitlines()[-1] == "tracefuse: interrupted; what was finished is kept"


def test_train_passes_everything_on(tracefuse, monkeypatch) -> None:
    seen: list[list[str]] = []
    module = type(sys)("forensics.training.cli")
    module.main = seen.append
    monkeypatch.setitem(sys.modules, "forensics.training.cli", module)
    assert tracefuse("train", "fit", "--config", "a.yaml", "--help", "--model.width=3").exit_code == 0
    assert seen == [["fit", "--config", "a.yaml", "--help", "--model.width=3"]]
