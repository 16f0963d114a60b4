"""From words to changes of a pipeline. Whoever wrote them, the one validator judges them."""
