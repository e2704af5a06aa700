"""The control port: health, metrics, configuration, purging and the policy in force."""
