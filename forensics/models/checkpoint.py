"""A checkpoint: a folder with the weights, all that is needed to rebuild the network, and the model card."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from forensics.calibration.calibration import Calibration
from forensics.models import create_model
from forensics.models.confidence import add_confidence_head, has_confidence_head
from forensics.models.expansion import expand_network, unfold
from forensics.models.half_precision import compact
from forensics.models.network import FusionNetwork
from forensics.resources import checkpoints_dir
from signals import SignalSpec, get_signal
from signals.atomic_file import replace_file
from signals.errors import CheckpointMismatch, CheckpointMissing, UnknownSignal, WrongUsage

FORMAT = "2"
WEIGHTS, FIELDS, CARD = "model.safetensors", "checkpoint.json", "README.md"


@dataclass(frozen=True)
class OperatingPoint:
    """The logits that the shown map and score place at 0.5, chosen on development data."""

    map_logit: float = 0.0
    score_logit: float = 0.0


@dataclass(frozen=True)
class SpecialPoint:
    """The operating point of pictures in which certain signals could be read.

    Attributes:
        signals: Names of the signals, all of them needed.
        point: Their operating point.
    """

    signals: tuple[str, ...]
    point: OperatingPoint

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SpecialPoint:
        """The inverse of :meth:`to_json`."""
        logits = {name: float(value) for name, value in fields.items() if name != "signals"}
        return cls(tuple(fields["signals"]), OperatingPoint(**logits))

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return {"signals": list(self.signals), **asdict(self.point)}


@dataclass(frozen=True)
class Checkpoint:
    """A trained network on disk.

    Attributes:
        name: Name it was asked for by, or the folder's name.
        folder: Where it lies.
        fields: Content of ``checkpoint.json``.
    """

    name: str
    folder: Path
    fields: Mapping[str, Any] = field(repr=False)

    @cached_property
    def specs(self) -> tuple[SignalSpec, ...]:
        """Specifications of the signals it reads, in its order; those it was expanded by come last."""
        added = [expansion["signal"] for expansion in self.expansions]
        return tuple(SignalSpec.from_json(fields) for fields in [*self.fields["signals"], *added])

    @property
    def expansions(self) -> Sequence[Mapping[str, Any]]:
        """What it was expanded by, in that order: ``signal``, ``arguments`` of the stream, ``confidence``."""
        expansions: Sequence[Mapping[str, Any]] = self.fields.get("expansions", ())
        return expansions

    @cached_property
    def operating_point(self) -> OperatingPoint:
        """Where the shown map and score have their 0.5, unless a special point says otherwise."""
        return OperatingPoint(**self.fields["operating_point"])

    @cached_property
    def special_points(self) -> tuple[SpecialPoint, ...]:
        """Further operating points, the newest last."""
        return tuple(SpecialPoint.from_json(fields) for fields in self.fields.get("special_points", ()))

    def operating_point_for(self, readable: Collection[str]) -> OperatingPoint:
        """The operating point of a picture: of the special points that fit, the one with most signals.

        Among equals the newest counts.

        Args:
            readable: Names of the signals that could be read in the picture.
        """
        fitting = [special for special in self.special_points if set(special.signals) <= set(readable)]
        chosen = max(reversed(fitting), key=lambda special: len(special.signals), default=None)
        return self.operating_point if chosen is None else chosen.point

    @cached_property
    def calibration(self) -> Calibration | None:
        """What its scores mean; None before ``tracefuse calibrate`` found out.

        Raises:
            CheckpointMismatch: It was measured with other weights, or cannot be read.
        """
        fields = self.fields.get("calibration")
        if fields is None:
            return None
        try:
            calibration = Calibration.from_json(fields)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointMismatch(
                f"checkpoint {self.name}: its calibration cannot be read ({error}); run tracefuse calibrate"
            ) from error
        if calibration.weights_sha256 != self.weights_sha256:
            raise CheckpointMismatch(
                f"checkpoint {self.name}: its calibration was measured with other weights; run tracefuse calibrate"
            )
        return calibration

    def uncalibrated(self) -> Checkpoint:
        """The same without its calibration, as ``tracefuse calibrate`` has to see it."""
        return Checkpoint(self.name, self.folder, {**self.fields, "calibration": None})

    @cached_property
    def weights_sha256(self) -> str:
        """Hash of the weights alone."""
        return hashlib.sha256((self.folder / WEIGHTS).read_bytes()).hexdigest()

    @cached_property
    def sha256(self) -> str:
        """Hash over the weights and the fields."""
        digest = hashlib.sha256()
        for name in (WEIGHTS, FIELDS):
            digest.update((self.folder / name).read_bytes())
        return digest.hexdigest()

    def build(self) -> FusionNetwork:
        """The network with its weights, in evaluation mode on the CPU.

        Raises:
            CheckpointMismatch: A signal is not installed or has another version, or the weights do not fit.
        """
        for spec in self.specs:
            _check_version(self.name, spec)
        try:
            model = self._random_network()
        except (WrongUsage, TypeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise CheckpointMismatch(
                f"checkpoint {self.name}: {reason}; use a checkpoint made for this version"
            ) from error
        try:
            model.load_state_dict(load_file(self.folder / WEIGHTS))
        except (RuntimeError, SafetensorError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointMismatch(
                f"checkpoint {self.name}: the weights do not fit ({reason}); fetch it again"
            ) from error
        return model.eval()

    def _random_network(self) -> FusionNetwork:
        name, arguments = self.fields["model"], dict(self.fields["arguments"])
        # The weights that the training started from are not needed: the checkpoint has its own.
        arguments.pop("rgb_weights", None)
        base = [SignalSpec.from_json(fields) for fields in self.fields["signals"]]
        model = create_model(name, signals=base, **arguments)
        if self.fields.get("confidence"):
            add_confidence_head(model)
        for expansion in self.expansions:
            spec = SignalSpec.from_json(expansion["signal"])
            model = expand_network(model, name, arguments, spec, expansion["arguments"])
            if expansion.get("confidence"):
                add_confidence_head(model)
        return model


def find_checkpoint(name_or_path: str | Path) -> Checkpoint:
    """Finds a checkpoint by the name of a shipped one or by the path of a folder.

    Raises:
        CheckpointMissing: There is none.
        CheckpointMismatch: It was written in another format.
    """
    folder = checkpoints_dir() / name_or_path
    # A shipped name means the shipped checkpoint, whatever lies in the working directory.
    if str(name_or_path) not in list_checkpoints():
        folder = Path(name_or_path)
    missing = [name for name in (WEIGHTS, FIELDS) if not (folder / name).is_file()]
    if missing:
        shipped = ", ".join(list_checkpoints()) or "none"
        raise CheckpointMissing(
            f"checkpoint {name_or_path}: not found (no {' and '.join(missing)}); "
            f"give the path of a checkpoint folder or one of: {shipped}"
        )
    try:
        fields = json.loads((folder / FIELDS).read_text(encoding="utf-8"))
        version = fields["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointMismatch(f"checkpoint {name_or_path}: {FIELDS} is damaged; fetch it again") from error
    if version != FORMAT:
        raise CheckpointMismatch(f"checkpoint {name_or_path}: its format is {version}, this version reads {FORMAT}")
    checkpoint = Checkpoint(folder.name, folder, fields)
    try:
        _ = (
            checkpoint.specs,
            checkpoint.operating_point,
            checkpoint.special_points,
            fields["model"],
            dict(fields["arguments"]),
        )
    except (KeyError, TypeError, ValueError, WrongUsage) as error:
        raise CheckpointMismatch(
            f"checkpoint {name_or_path}: {FIELDS} lacks or misspells a field ({error}); fetch it again"
        ) from error
    return checkpoint


def list_checkpoints() -> list[str]:
    """Names of the shipped checkpoints."""
    folder = checkpoints_dir()
    return sorted(path.parent.name for path in folder.glob(f"*/{FIELDS}"))


def save_checkpoint(
    folder: Path,
    model: FusionNetwork,
    preset: str,
    arguments: Mapping[str, Any],
    specs: tuple[SignalSpec, ...],
    operating_point: OperatingPoint,
    facts: Mapping[str, Any],
    *,
    special_points: Sequence[SpecialPoint] = (),
    parent: Checkpoint | None = None,
) -> Checkpoint:
    """Writes weights and fields; the model card is written by who knows the measurements.

    Args:
        folder: Where to write; made if missing.
        model: The trained network.
        preset: Name ``create_model`` knows it by.
        arguments: Further arguments of ``create_model``.
        specs: Specifications of its signals, in its order.
        operating_point: Logits shown as 0.5.
        facts: What the training knows of itself: data hashes, seed, recipe, duration.
        special_points: Logits shown as 0.5 in pictures with certain signals.
        parent: The checkpoint that it was made from.
    """
    base, expanded = unfold(model)
    fields = {
        "format": FORMAT,
        "model": preset,
        "arguments": dict(arguments),
        "signals": [spec.to_json() for spec in specs[: len(base.specs)]],
        "confidence": has_confidence_head(base),
        "expansions": [
            {
                "signal": network.spec.to_json(),
                "arguments": dict(network.stream_arguments),
                "confidence": has_confidence_head(network),
            }
            for network in expanded
        ],
        "operating_point": asdict(operating_point),
        "special_points": [special.to_json() for special in special_points],
        "calibration": None,
        "parent": None if parent is None else {"name": parent.name, "sha256": parent.sha256},
        **facts,
    }
    weights = save({name: compact(value.detach().cpu()).contiguous() for name, value in model.state_dict().items()})
    if fields["calibration"] is not None:
        # Whoever hands one on says that the scores are the same, though the weights are more, such as a further head.
        fields["calibration"] = {**fields["calibration"], "weights_sha256": hashlib.sha256(weights).hexdigest()}
    folder.mkdir(parents=True, exist_ok=True)
    contents = {WEIGHTS: weights, FIELDS: (json.dumps(fields, indent=2) + "\n").encode()}
    for name, content in contents.items():
        (folder / f"{name}.part").write_bytes(content)
    for name in contents:
        (folder / f"{name}.part").replace(folder / name)
    return Checkpoint(folder.name, folder, fields)


def add_facts(checkpoint: Checkpoint, facts: Mapping[str, Any]) -> Checkpoint:
    """Puts further facts, such as measurements, into the fields of a checkpoint on disk."""
    fields = {**checkpoint.fields, **facts}
    replace_file(checkpoint.folder / FIELDS, (json.dumps(fields, indent=2) + "\n").encode())
    return Checkpoint(checkpoint.name, checkpoint.folder, fields)


def _check_version(checkpoint: str, spec: SignalSpec) -> None:
    try:
        installed = get_signal(spec.name).spec
    except UnknownSignal as error:
        raise CheckpointMismatch(
            f"checkpoint {checkpoint} reads the signal {spec.name}, which is not installed"
        ) from error
    for name in ("version", "channels", "stride", "dtype"):
        trained_on, there_is = getattr(spec, name), getattr(installed, name)
        if trained_on != there_is:
            raise CheckpointMismatch(
                f"checkpoint {checkpoint} was trained on {name} {trained_on} of the signal {spec.name}, "
                f"installed is {name} {there_is}; use a checkpoint made for this version"
            )
