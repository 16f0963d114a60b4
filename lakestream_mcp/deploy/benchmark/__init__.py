"""How fast a pattern is: synthetic streams at set rates, through the host or through Spark."""
