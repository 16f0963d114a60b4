"""Where callers of the HTTP server come from: this machine, a Databricks App, tokens, an issuer."""
