"""Looking at a pipeline as a colleague would: what it does, what is risky, what would fit."""
