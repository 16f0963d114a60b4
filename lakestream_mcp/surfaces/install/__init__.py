"""`lakestream install`: this server among those of an MCP client, in the client's own file."""
