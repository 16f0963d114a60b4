"""A binary heap of matches by their first event; equal ones come out as from Java's queue.

Which of several matches with the same first event comes first decides what the others lose, so the
order must be that of Flink, whose queue is this one. The standard library's heap orders equal
items differently.
"""

# --- carried ---
from typing import Any


def sequence_push(heap: list[Any], match: Any) -> None:
    """Add to the heap, which is ordered by the serial of the first event."""
    serial, at = match[1][0][3], len(heap)
    heap.append(match)
    while at:
        parent = (at - 1) >> 1
        if heap[parent][1][0][3] <= serial:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = match


def sequence_pop(heap: list[Any]) -> Any:
    """Take the first match off the heap."""
    first, last = heap[0], heap.pop()
    if heap:
        heap[0] = last
        sequence_sift(heap, 0)
    return first


def sequence_sift(heap: list[Any], at: int) -> None:
    """Move a match down to its place."""
    match, serial = heap[at], heap[at][1][0][3]
    while 2 * at + 1 < len(heap):
        child = 2 * at + 1
        if child + 1 < len(heap) and heap[child][1][0][3] > heap[child + 1][1][0][3]:
            child += 1
        if serial <= heap[child][1][0][3]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = match


def sequence_heapify(heap: list[Any]) -> None:
    """Restore the heap after matches were taken out of its middle."""
    for at in range(len(heap) // 2 - 1, -1, -1):
        sequence_sift(heap, at)
