"""The one database, `default`: the store behind this program."""

from django.db.utils import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)


class Connection:
    """Says what scripts ask of a connection. There is no SQL behind it."""

    vendor = "sqlite"
    display_name = "SQLite"
    alias = DEFAULT_DB_ALIAS
    queries_logged = False

    def __init__(self):
        self.settings_dict = {"ENGINE": "django.db.backends.sqlite3", "NAME": "hallpass"}

    @property
    def queries(self):
        return []

    @property
    def in_atomic_block(self):
        import _hallpass

        return _hallpass.depth() > 0

    def cursor(self):
        raise NotSupportedError(
            "hallpass has no SQL: use the models (User.objects, Token.objects ...) instead of a cursor"
        )

    def close(self):
        pass

    def close_if_unusable_or_obsolete(self):
        pass

    def ensure_connection(self):
        pass

    def is_usable(self):
        return True

    def __repr__(self):
        return "<DatabaseWrapper vendor='sqlite' alias='default'>"


class Connections:
    def __getitem__(self, alias):
        if alias != DEFAULT_DB_ALIAS:
            raise KeyError(alias)
        return connection

    def __iter__(self):
        return iter([DEFAULT_DB_ALIAS])

    def all(self, initialized_only=False):
        return [connection]

    def close_all(self):
        pass


connection = Connection()
connections = Connections()


def reset_queries(**kwargs):
    pass


def close_old_connections(**kwargs):
    pass
