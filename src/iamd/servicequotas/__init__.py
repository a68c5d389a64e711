"""Service Quotas: what IAM's quotas are, and requests to raise them."""
