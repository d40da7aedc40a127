"""Named protocols: what is measured on a picture and how a set is summed up, defined in words beside the numbers.

One file a protocol; each is a torchmetrics metric. ``tracefuse`` is ours and the default. The others say what another
code base would print for the same maps, with its defects, so that our numbers can stand beside published ones.
"""

from __future__ import annotations

from forensics.evaluation.protocols.imdlbenco import ImdlBenCo
from forensics.evaluation.protocols.measure import Measure, PictureScores
from forensics.evaluation.protocols.msfusion import MultiStreamFusion
from forensics.evaluation.protocols.omgfuser import OmgFuser
from forensics.evaluation.protocols.photoholmes import PhotoHolmes
from forensics.evaluation.protocols.protocol import Protocol
from forensics.evaluation.protocols.tracefuse import TraceFuse
from forensics.evaluation.protocols.trufor import TruFor
from signals.errors import WrongUsage, did_you_mean

_PROTOCOLS: dict[str, type[Protocol]] = {
    protocol.name: protocol for protocol in (TraceFuse, TruFor, ImdlBenCo, PhotoHolmes, OmgFuser, MultiStreamFusion)
}

__all__ = ["Measure", "PictureScores", "Protocol", "get_protocol", "list_protocols"]


def list_protocols() -> list[str]:
    """Names of all protocols, sorted."""
    return sorted(_PROTOCOLS)


def get_protocol(name: str) -> Protocol:
    """A new, empty protocol of that name.

    Raises:
        WrongUsage: There is none.

    >>> get_protocol("tracefuse").name
    'tracefuse'
    """
    if name not in _PROTOCOLS:
        raise WrongUsage(f"protocol {name}: unknown{did_you_mean(name, list_protocols())}")
    return _PROTOCOLS[name]()
