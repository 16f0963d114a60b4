"""How well the product is used: sentences for language back-ends, tasks for agents."""
