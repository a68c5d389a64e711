"""The in-memory copy of a store that every process answers from, and the way through which all writes go."""
