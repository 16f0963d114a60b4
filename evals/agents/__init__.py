"""Tasks for agents: what a user asks, and checks of what the store holds afterwards."""
