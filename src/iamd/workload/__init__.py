"""Role credentials for processes: the endpoints that AWS SDKs find them at, and the agent that keeps them fresh."""
