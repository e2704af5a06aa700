"""A proxy without its control port."""


class NoControl:
    """In place of the control port, which takes most of a start and an end."""

    port = 0

    def __init__(self, *_):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass
