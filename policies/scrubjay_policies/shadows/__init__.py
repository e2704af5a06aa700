"""Caches of metadata alone beside the live one, each exactly what a classic policy would hold.

Plain functions on arrays: Python runs them as they are, and the simulator compiles them.
"""
