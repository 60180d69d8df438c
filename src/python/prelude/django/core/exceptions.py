"""Exceptions that many parts share."""


class FieldDoesNotExist(Exception):
    """The requested model field does not exist"""


class AppRegistryNotReady(Exception):
    """The django.apps registry is not populated yet"""


class ObjectDoesNotExist(Exception):
    """The requested object does not exist"""

    silent_variable_failure = True


class MultipleObjectsReturned(Exception):
    """The query returned multiple objects when only one was expected."""


class SuspiciousOperation(Exception):
    """The user did something suspicious"""


class SuspiciousMultipartForm(SuspiciousOperation):
    """Suspect MIME request in multipart form data"""


class SuspiciousFileOperation(SuspiciousOperation):
    """A Suspicious filesystem operation was attempted"""


class DisallowedHost(SuspiciousOperation):
    """HTTP_HOST header contains invalid value"""


class DisallowedRedirect(SuspiciousOperation):
    """Redirect to scheme not in allowed list"""


class TooManyFieldsSent(SuspiciousOperation):
    """The number of fields in a GET or POST request exceeded DATA_UPLOAD_MAX_NUMBER_FIELDS."""


class RequestDataTooBig(SuspiciousOperation):
    """The size of the request exceeded DATA_UPLOAD_MAX_MEMORY_SIZE."""


class RequestAborted(Exception):
    """The request was closed before it was completed, or timed out."""


class PermissionDenied(Exception):
    """The user did not have permission to do that"""


class ViewDoesNotExist(Exception):
    """The requested view does not exist"""


class MiddlewareNotUsed(Exception):
    """This middleware is not used in this server configuration"""


class ImproperlyConfigured(Exception):
    """Django is somehow improperly configured"""


class FieldError(Exception):
    """Some kind of problem with a model field."""


class EmptyResultSet(Exception):
    """A database query predicate is impossible."""


class FullResultSet(Exception):
    """A database query predicate is matches everything."""


class SynchronousOnlyOperation(Exception):
    """The user tried to call a sync-only function from an async context."""


class BadRequest(Exception):
    """The request is malformed and cannot be processed."""


NON_FIELD_ERRORS = "__all__"


class ValidationError(Exception):
    """An error, a list of errors, or errors by the names of fields."""

    def __init__(self, message, code=None, params=None):
        super().__init__(message, code, params)
        if isinstance(message, ValidationError):
            if hasattr(message, "error_dict"):
                message = message.error_dict
            elif not hasattr(message, "message"):
                message = message.error_list
            else:
                message, code, params = message.message, message.code, message.params
        if isinstance(message, dict):
            self.error_dict = {}
            for field, errors in message.items():
                if not isinstance(errors, ValidationError):
                    errors = ValidationError(errors)
                self.error_dict[field] = errors.error_list
        elif isinstance(message, list):
            self.error_list = []
            for error in message:
                if not isinstance(error, ValidationError):
                    error = ValidationError(error)
                if hasattr(error, "error_dict"):
                    for errors in error.error_dict.values():
                        self.error_list.extend(errors)
                else:
                    self.error_list.extend(error.error_list)
        else:
            self.message = message
            self.code = code
            self.params = params
            self.error_list = [self]

    @property
    def message_dict(self):
        # Only an error by fields has one.
        getattr(self, "error_dict")
        return dict(self)

    @property
    def messages(self):
        if hasattr(self, "error_dict"):
            return [message for errors in dict(self).values() for message in errors]
        return list(self)

    def update_error_dict(self, error_dict):
        if hasattr(self, "error_dict"):
            for field, errors in self.error_dict.items():
                error_dict.setdefault(field, []).extend(errors)
        else:
            error_dict.setdefault(NON_FIELD_ERRORS, []).extend(self.error_list)
        return error_dict

    def __iter__(self):
        if hasattr(self, "error_dict"):
            for field, errors in self.error_dict.items():
                yield field, list(ValidationError(errors))
        else:
            for error in self.error_list:
                message = error.message
                if error.params:
                    message %= error.params
                yield str(message)

    def __str__(self):
        if hasattr(self, "error_dict"):
            return repr(dict(self))
        return repr(list(self))

    def __repr__(self):
        return "ValidationError(%s)" % self

    def _facts(self):
        if hasattr(self, "error_dict"):
            return {field: sorted(map(str, errors)) for field, errors in self.error_dict.items()}
        if hasattr(self, "message"):
            return (self.message, self.code, self.params)
        return sorted(map(str, self.error_list))

    def __eq__(self, other):
        if not isinstance(other, ValidationError):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self):
        return hash(str(self))
