"""Content Credentials (C2PA): whether a file carries them and, with the extra ``c2pa``, who says to have made it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

from signals.facts.texts import shown

_MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tiff": "image/tiff"}
# Nothing is fetched and nothing is judged: a fact is read, not a signature checked.
_SETTINGS = {
    "verify": {
        "verify_after_reading": False,
        "verify_trust": False,
        "verify_timestamp_trust": False,
        "ocsp_fetch": False,
        "remote_manifest_fetch": False,
    }
}


@dataclass(frozen=True)
class Credentials:
    """Content Credentials that a file carries. Their signature is not checked.

    Attributes:
        generator: The program that the active manifest names; None if it cannot be read.
        reader: Version of the library that read it; None without the extra ``c2pa``.
    """

    generator: str | None = None
    reader: str | None = None


def read_credentials(data: bytes, kind: str) -> Credentials:
    """Reads the active manifest of a file that has one; nothing is raised.

    Args:
        data: The bytes of the file.
        kind: Its type by magic bytes.
    """
    try:
        import c2pa
    except ImportError:
        return Credentials()
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        with c2pa.Reader(_MEDIA_TYPES[kind], io.BytesIO(data), context=context) as reader:
            store = json.loads(reader.json())
        return Credentials(_generator(store["manifests"][store["active_manifest"]]), str(c2pa.sdk_version()))
    except Exception:  # the library raises its own, and damaged manifests trip over theirs
        return Credentials(None, str(c2pa.sdk_version()))


def _generator(manifest: dict[str, object]) -> str | None:
    infos = manifest.get("claim_generator_info")
    if isinstance(infos, list) and infos and isinstance(infos[0], dict) and infos[0].get("name"):
        return shown(f"{infos[0]['name']} {infos[0].get('version') or ''}")
    named = manifest.get("claim_generator")
    return shown(named) if isinstance(named, str) else None
