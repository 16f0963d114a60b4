"""What a pipeline will cost: pure arithmetic over measured work and stated assumptions."""
