"""LakeStream MCP: author, test, explain and generate streaming CEP pipelines for Databricks."""

__version__ = "0.1.0"
