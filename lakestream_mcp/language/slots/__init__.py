"""A second reading of a whole text, by what stands in it rather than by how its clauses are built.

Places (tables, topics, addresses, files), comparisons, times, counts and columns are found wherever
they stand; words say which pattern is meant; each of its fields takes what fits. It gives nothing
where a field stays open or something found has no field: then the clauses' questions stand.
"""

from .coverage import invented, unsaid
from .layout import plain
from .reading import read_around, second_reading, steps_by_clauses
from .soundness import contradictory, loose, miscounted

__all__ = [
    "contradictory",
    "invented",
    "loose",
    "miscounted",
    "plain",
    "read_around",
    "second_reading",
    "steps_by_clauses",
    "unsaid",
]
