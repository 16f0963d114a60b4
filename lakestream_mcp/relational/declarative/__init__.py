"""Statements of Lakeflow Declarative Pipelines: as data, written, and read."""
