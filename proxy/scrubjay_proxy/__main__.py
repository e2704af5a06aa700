"""`python -m scrubjay_proxy` is `scrubjay`."""

from __future__ import annotations

from scrubjay_proxy.cli import main

if __name__ == "__main__":
    main()
