"""Adding this server to MCP clients."""
