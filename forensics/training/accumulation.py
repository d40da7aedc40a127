"""Gradient accumulation: an optimizer step is the mean over its batches, in the last, shorter step of an epoch too."""

from __future__ import annotations


def step_scale(index: int, batches: float, window: int) -> float:
    """By what to multiply the loss of a batch that the trainer will divide by ``window``.

    The trainer steps after every ``window`` batches and after the last one of an epoch, and divides by ``window``
    always: without this the last step would be as much too small as it has too few batches.

    Args:
        index: Number of the batch in its epoch, from 0.
        batches: Batches of the epoch; infinite where nobody knows.
        window: Batches of a step.

    Example:
        >>> [step_scale(index, 5, 3) for index in range(5)]
        [1.0, 1.0, 1.0, 1.5, 1.5]
    """
    first = index - index % window
    return window / min(window, batches - first)
