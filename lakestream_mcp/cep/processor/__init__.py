"""The author's own stateful code, run in a guarded child process as Spark would run it."""
