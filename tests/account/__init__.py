"""The account: its ids, records and state."""
