"""The sub-commands of `scrubjay` that train models and judge them."""
