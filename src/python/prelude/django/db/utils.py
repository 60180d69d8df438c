"""The database's exceptions."""


class Error(Exception):
    pass


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class DataError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


DEFAULT_DB_ALIAS = "default"


def check_alias(alias):
    """Refuses a name of a database other than the one there is."""
    if alias not in (None, DEFAULT_DB_ALIAS):
        from django.utils.connection import ConnectionDoesNotExist

        raise ConnectionDoesNotExist("The connection '%s' doesn't exist." % alias)
