"""From declarative SQL back to a graph: the inverse of the `sdp` target, and more than that."""
