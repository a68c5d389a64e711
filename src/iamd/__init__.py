"""iamd: an identity and access management server, wire-compatible with AWS IAM and STS."""

__version__ = "0.1.0"
