"""All rules a pipeline is checked against, in the order their findings are listed."""

from __future__ import annotations

from .edge_rules import EDGE_RULES
from .facts import Rule
from .node_rules import NODE_RULES
from .null_rules import NULL_RULES
from .pattern_rules import PATTERN_RULES

RULES: tuple[Rule, ...] = NODE_RULES + EDGE_RULES + PATTERN_RULES + NULL_RULES
