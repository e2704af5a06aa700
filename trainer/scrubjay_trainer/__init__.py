"""Training of learned policies from traces; needs the extra `train`."""
