"""Names of connections."""


class ConnectionDoesNotExist(Exception):
    """There is one connection only: `default`."""
