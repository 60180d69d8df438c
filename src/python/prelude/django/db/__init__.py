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
    check_alias,
)

__all__ = [
    "connection", "connections", "router", "DatabaseError", "IntegrityError", "InternalError", "ProgrammingError",
    "DataError", "NotSupportedError", "Error", "InterfaceError", "OperationalError", "DEFAULT_DB_ALIAS",
]


class Connection:
    """Says what scripts ask of a connection. There is no SQL behind it."""

    vendor = "sqlite"
    display_name = "SQLite"
    alias = DEFAULT_DB_ALIAS
    queries_logged = False
    needs_rollback = False
    savepoint_ids = ()
    force_debug_cursor = False
    connection = None

    def __init__(self):
        self.settings_dict = {
            "ENGINE": "django.db.backends.sqlite3", "NAME": "hallpass", "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True,
            "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {}, "TIME_ZONE": None, "USER": "",
            "PASSWORD": "", "HOST": "", "PORT": "",
        }

    @property
    def introspection(self):
        from django.db.introspection import Introspection

        return Introspection(self)

    @property
    def features(self):
        from django.db.introspection import Features

        return Features()

    @property
    def ops(self):
        from django.db.introspection import Operations

        return Operations()

    def schema_editor(self, *args, **kwargs):
        raise NotSupportedError("hallpass has the tables of Django's users and tokens, and no others")

    @property
    def queries(self):
        return []

    @property
    def in_atomic_block(self):
        import _hallpass

        return _hallpass.depth() > 0

    def cursor(self, *args, **kwargs):
        raise NotSupportedError(
            "hallpass has no SQL: use the models (User.objects, Token.objects ...) instead of a cursor"
        )

    def get_autocommit(self):
        return not self.in_atomic_block

    def commit(self):
        """Every statement is committed where it stands."""

    def on_commit(self, func, robust=False):
        from django.db import transaction

        transaction.on_commit(func, robust=robust)

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
        check_alias(alias)
        return connection

    def __contains__(self, alias):
        return alias == DEFAULT_DB_ALIAS

    @property
    def databases(self):
        return {DEFAULT_DB_ALIAS: connection.settings_dict}

    settings = databases

    def __iter__(self):
        return iter([DEFAULT_DB_ALIAS])

    def all(self, initialized_only=False):
        return [connection]

    def close_all(self):
        pass


class Router:
    """Every model lies in the one database."""

    def db_for_read(self, model, **hints):
        return DEFAULT_DB_ALIAS

    db_for_write = db_for_read

    def allow_relation(self, obj1, obj2, **hints):
        return True

    def allow_migrate(self, db, app_label, **hints):
        return True

    def allow_migrate_model(self, db, model):
        return True


router = Router()
connection = Connection()
connections = Connections()


def reset_queries(**kwargs):
    pass


def close_old_connections(**kwargs):
    pass
