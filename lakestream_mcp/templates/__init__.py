"""Pipelines to start from: data files, each with events that show what it finds."""
