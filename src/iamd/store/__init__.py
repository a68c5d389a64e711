"""Durable storage: the contract, its implementations, and the sealing of secrets."""
