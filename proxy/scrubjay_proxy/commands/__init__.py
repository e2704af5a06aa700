"""The sub-commands that belong to the proxy, one module each."""
