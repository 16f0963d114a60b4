"""Plain English to changes by rules: tokens → quantities → clauses → readings → changes.

A clause is read by what its cues say it may be; every reading takes the tokens that it understood,
and what nobody took is told. Text is data: names become quoted names, values become literals, and
nothing but the node types of the catalogue is ever made.
"""

from .backend import Rules

__all__ = ["Rules"]
