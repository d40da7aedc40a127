"""What a person must know of a JPEG file before trusting what was read of it."""

from __future__ import annotations

from signals.jpeg import JpegData
from signals.reading.jpeg_damage import find_damage
from signals.reading.jpeg_structure import JpegStructure


def jpeg_warnings(
    data: bytes, structure: JpegStructure, jpeg: JpegData | None, cut: bool, decoded_rows: int
) -> tuple[str, ...]:
    """Plain sentences on damage, cuts and estimated coefficients; none for a whole file.

    Args:
        data: The bytes of the file.
        structure: Its markers.
        jpeg: Its coefficients; None if they cannot be read.
        cut: Whether its data runs out before the picture is complete.
        decoded_rows: Rows of pixels that are there.
    """
    told = [_cut_warning(structure, decoded_rows)] if cut else _damage_warnings(data, structure, jpeg)
    if jpeg is not None and not jpeg.exact:
        told.append("The JPEG coefficients were estimated from the pixels; what they tell is less certain.")
    return tuple(told)


def _cut_warning(structure: JpegStructure, decoded_rows: int) -> str:
    if decoded_rows < structure.height and structure.progressive:
        return f"The file was cut short: below {decoded_rows} of {structure.height} rows of pixels it lacks detail."
    if decoded_rows < structure.height:
        return f"The file was cut short: only {decoded_rows} of {structure.height} rows of pixels are there."
    if structure.progressive:
        return "The file was cut short: every row is there, but not in full detail."
    return "The file was cut short: its end is missing."


def _damage_warnings(data: bytes, structure: JpegStructure, jpeg: JpegData | None) -> list[str]:
    damage = find_damage(data, structure)
    if damage is None and jpeg is not None and jpeg.complaints:
        damage = f"the decoder says '{jpeg.complaints[0]}'"
    return [] if damage is None else [f"The file is damaged: {damage}; parts of the picture may be wrong."]
