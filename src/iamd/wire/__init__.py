"""AWS's Query protocol, driven by botocore's installed models."""
