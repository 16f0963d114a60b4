"""Why something matched, why something did not, and what would."""
