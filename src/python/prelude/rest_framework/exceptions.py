"""Refusals, each with its status and code."""


class ErrorDetail(str):
    code = None

    def __new__(cls, string, code=None):
        made = super().__new__(cls, string)
        made.code = code
        return made

    def __eq__(self, other):
        same = super().__eq__(other)
        return same if same is NotImplemented or not hasattr(other, "code") else same and self.code == other.code

    def __ne__(self, other):
        return not self == other

    def __repr__(self):
        return "ErrorDetail(string=%r, code=%r)" % (str(self), self.code)

    def __hash__(self):
        return hash(str(self))


def _each(detail, change):
    if isinstance(detail, (list, tuple)):
        return [_each(item, change) for item in detail]
    if isinstance(detail, dict):
        return {key: _each(value, change) for key, value in detail.items()}
    return change(detail)


def _detail(data, default_code):
    return _each(data, lambda text: ErrorDetail(str(text), getattr(text, "code", default_code)))


class APIException(Exception):
    status_code = 500
    default_detail = "A server error occurred."
    default_code = "error"

    def __init__(self, detail=None, code=None):
        detail = self.default_detail if detail is None else detail
        self.detail = _detail(detail, self.default_code if code is None else code)

    def __str__(self):
        return str(self.detail)

    def get_codes(self):
        return _each(self.detail, lambda text: text.code)

    def get_full_details(self):
        return _each(self.detail, lambda text: {"message": text, "code": text.code})


class ValidationError(APIException):
    status_code = 400
    default_detail = "Invalid input."
    default_code = "invalid"

    def __init__(self, detail=None, code=None):
        if isinstance(detail, tuple):
            detail = list(detail)
        elif detail is None or not isinstance(detail, (dict, list)):
            detail = [self.default_detail if detail is None else detail]
        super().__init__(detail, code)


class ParseError(APIException):
    status_code = 400
    default_detail = "Malformed request."
    default_code = "parse_error"


class AuthenticationFailed(APIException):
    status_code = 401
    default_detail = "Incorrect authentication credentials."
    default_code = "authentication_failed"


class NotAuthenticated(APIException):
    status_code = 401
    default_detail = "Authentication credentials were not provided."
    default_code = "not_authenticated"


class PermissionDenied(APIException):
    status_code = 403
    default_detail = "You do not have permission to perform this action."
    default_code = "permission_denied"


class NotFound(APIException):
    status_code = 404
    default_detail = "Not found."
    default_code = "not_found"


class MethodNotAllowed(APIException):
    status_code = 405
    default_detail = 'Method "{method}" not allowed.'
    default_code = "method_not_allowed"

    def __init__(self, method, detail=None, code=None):
        super().__init__(self.default_detail.format(method=method) if detail is None else detail, code)


class NotAcceptable(APIException):
    status_code = 406
    default_detail = "Could not satisfy the request Accept header."
    default_code = "not_acceptable"

    def __init__(self, detail=None, code=None, available_renderers=None):
        self.available_renderers = available_renderers
        super().__init__(detail, code)


class UnsupportedMediaType(APIException):
    status_code = 415
    default_detail = 'Unsupported media type "{media_type}" in request.'
    default_code = "unsupported_media_type"

    def __init__(self, media_type, detail=None, code=None):
        super().__init__(self.default_detail.format(media_type=media_type) if detail is None else detail, code)


class Throttled(APIException):
    status_code = 429
    default_detail = "Request was throttled."
    default_code = "throttled"

    def __init__(self, wait=None, detail=None, code=None):
        detail = self.default_detail if detail is None else str(detail)
        self.wait = wait
        if wait is not None:
            import math

            self.wait = math.ceil(wait)
            detail += " Expected available in %d second%s." % (self.wait, "" if self.wait == 1 else "s")
        super().__init__(detail, code)
