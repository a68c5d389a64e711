"""AWS Security Token Service: one module per noun, one function per operation under boto3's name for it."""
