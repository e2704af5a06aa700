"""`python -m conformance.serve URL`: a Scrubjay that tells its port, set up by the environment."""

import asyncio
import sys

from scrubjay_proxy import app, logs
from scrubjay_proxy.settings import Settings


def main(origin: str) -> int:
    given = {
        "proxy.origin": origin,
        "proxy.listen": "127.0.0.1:0",
        "control.listen": "127.0.0.1:0",
        "log.level": "warning",
    }
    settings = Settings.load(None, given)
    logs.configure(settings.log)
    return asyncio.run(app.run(settings, on_ready=tell))


def tell(proxy: app.Proxy) -> None:
    sys.stdout.write(f"listening on port {proxy.port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
