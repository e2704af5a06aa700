"""The sub-commands of `scrubjay` that read traces."""
