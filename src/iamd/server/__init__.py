"""The server: HTTP before the pipeline, the pipeline itself, and the processes that run it."""
