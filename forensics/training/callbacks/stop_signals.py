"""Being asked to stop, by Ctrl-C or by the system."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any

INTERRUPTED = 130
TERMINATED = 143


class StopSignals:
    """Turns the first SIGINT or SIGTERM into a request that is met at the next good moment; a second one acts at once.

    Attributes:
        exit_code: What the process should end with; None as long as nobody asked.
    """

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._before: dict[int, Any] = {}

    def watch(self) -> None:
        """Begins to listen; signals reach the main thread only."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)

    def leave(self) -> None:
        """Leaves the signals to whoever had them before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def finish(self) -> None:
        """Lets signals do what they do in any program."""
        if self._before:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.exit_code is not None:
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(TERMINATED)
        self.exit_code = INTERRUPTED if number == signal.SIGINT else TERMINATED
        again = "; once more to stop at once, without" if number == signal.SIGINT else ""
        sys.stderr.write(f"\ntracefuse: stopping after this step, with a checkpoint{again}\n")
