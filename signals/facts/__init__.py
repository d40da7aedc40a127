"""What a file says about itself: facts for a person to weigh, none of which is a finding."""

from __future__ import annotations

from signals.facts.file_facts import FileFacts, read_facts

__all__ = ["FileFacts", "read_facts"]
