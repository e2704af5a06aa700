"""RFC 9110/9111 as pure functions: may I store it, may I reuse it, and if not, why.

Nothing here does I/O or reads a clock; `now` is always an argument.
"""
