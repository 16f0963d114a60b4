"""Lakeflow Declarative Pipelines: one SQL file, and a Python file for sinks that SQL lacks."""
