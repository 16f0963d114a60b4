"""Generated code over history that one process cannot hold, run to the end of a bounded slice."""
