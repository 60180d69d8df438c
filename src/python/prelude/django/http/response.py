"""Responses: a status, headers, and what stands below them."""

from django.utils.datastructures import CaseInsensitiveMapping


class BadHeaderError(ValueError):
    pass


class Http404(Exception):
    pass


class ResponseHeaders(CaseInsensitiveMapping):
    def __init__(self, data=()):
        super().__init__(())
        for key, value in dict(data).items():
            self[key] = value

    @staticmethod
    def _convert(value, charset):
        text = value.decode(charset) if isinstance(value, bytes) else str(value)
        try:
            text.encode(charset)
        except UnicodeEncodeError:
            from email.header import Header

            text = Header(text, "utf-8", maxlinelen=2**31).encode()
        if "\n" in text or "\r" in text:
            raise BadHeaderError("Header values can't contain newlines (got %r)" % text)
        return text

    def __setitem__(self, key, value):
        key = self._convert(key, "ascii")
        self._store[key.lower()] = (key, self._convert(value, "latin-1"))

    def __delitem__(self, key):
        self.pop(key)

    def pop(self, key, default=None):
        return self._store.pop(key.lower(), default)

    def setdefault(self, key, value):
        if key not in self:
            self[key] = value


class HttpResponseBase:
    status_code = 200
    streaming = False
    closed = False

    def __init__(self, content_type=None, status=None, reason=None, charset=None, headers=None):
        self.headers = ResponseHeaders(headers or {})
        self._charset = charset
        if "Content-Type" not in self.headers:
            self.headers["Content-Type"] = content_type or "text/html; charset=%s" % self.charset
        elif content_type:
            raise ValueError(
                "'headers' must not contain 'Content-Type' when the 'content_type' parameter is provided."
            )
        if status is not None:
            try:
                self.status_code = int(status)
            except (ValueError, TypeError):
                raise TypeError("HTTP status code must be an integer.")
            if not 100 <= self.status_code <= 599:
                raise ValueError("HTTP status code must be an integer from 100 to 599.")
        self._reason = reason

    @property
    def cookies(self):
        if "_cookies" not in self.__dict__:
            from http.cookies import SimpleCookie

            self._cookies = SimpleCookie()
        return self._cookies

    @property
    def reason_phrase(self):
        if self._reason is not None:
            return self._reason
        from http import HTTPStatus

        known = {status.value: status.phrase for status in HTTPStatus}
        return known.get(self.status_code, "Unknown Status Code")

    @reason_phrase.setter
    def reason_phrase(self, value):
        self._reason = value

    @property
    def charset(self):
        if self._charset is not None:
            return self._charset
        _, named, charset = self.headers.get("Content-Type", "").partition("charset=")
        return charset.strip().strip('"') if named else "utf-8"

    @charset.setter
    def charset(self, value):
        self._charset = value

    @property
    def _content_type_for_repr(self):
        return ', "%s"' % self.headers["Content-Type"] if "Content-Type" in self.headers else ""

    def __repr__(self):
        return "<%s%s status_code=%d%s%s>" % (
            type(self).__name__, self._before, self.status_code, self._content_type_for_repr, self._after
        )

    _before = _after = ""

    def serialize_headers(self):
        return b"\r\n".join(
            key.encode("ascii") + b": " + value.encode("latin-1") for key, value in self.headers.items()
        )

    __bytes__ = serialize_headers

    def __setitem__(self, header, value):
        self.headers[header] = value

    def __delitem__(self, header):
        del self.headers[header]

    def __getitem__(self, header):
        return self.headers[header]

    def has_header(self, header):
        return header in self.headers

    __contains__ = has_header

    def items(self):
        return self.headers.items()

    def get(self, header, alternate=None):
        return self.headers.get(header, alternate)

    def setdefault(self, key, value):
        self.headers.setdefault(key, value)

    def set_cookie(self, key, value="", max_age=None, expires=None, path="/", domain=None, secure=False,
                   httponly=False, samesite=None):
        import datetime

        from django.utils.http import http_date

        self.cookies[key] = value
        cookie = self.cookies[key]
        if isinstance(expires, datetime.datetime):
            from django.utils import timezone

            max_age = max(0, int((timezone.make_aware(expires, datetime.timezone.utc) if timezone.is_naive(expires)
                                  else expires).timestamp() - timezone.now().timestamp()) + 1)
            expires = None
        cookie["expires"] = expires or ""
        if max_age is not None:
            import time

            age = int(max_age.total_seconds() if isinstance(max_age, datetime.timedelta) else max_age)
            cookie["max-age"] = age
            if not expires:
                cookie["expires"] = http_date(time.time() + age)
        if path is not None:
            cookie["path"] = path
        if domain is not None:
            cookie["domain"] = domain
        if secure:
            cookie["secure"] = True
        if httponly:
            cookie["httponly"] = True
        if samesite:
            if samesite.lower() not in ("lax", "none", "strict"):
                raise ValueError('samesite must be "lax", "none", or "strict".')
            cookie["samesite"] = samesite

    def delete_cookie(self, key, path="/", domain=None, samesite=None):
        self.set_cookie(key, max_age=0, path=path, domain=domain, samesite=samesite,
                        expires="Thu, 01 Jan 1970 00:00:00 GMT")

    def make_bytes(self, value):
        if isinstance(value, (bytes, memoryview)):
            return bytes(value)
        return str(value).encode(self.charset)

    def close(self):
        self.closed = True

    def flush(self):
        """It goes nowhere."""

    def readable(self):
        return False

    seekable = writable = readable

    def write(self, content):
        raise OSError("This %s instance is not writable" % type(self).__name__)


class HttpResponse(HttpResponseBase):
    def __init__(self, content=b"", *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.content = content

    @property
    def content(self):
        return b"".join(self._container)

    @content.setter
    def content(self, value):
        if hasattr(value, "__iter__") and not isinstance(value, (bytes, memoryview, str)):
            value = b"".join([self.make_bytes(chunk) for chunk in value])
        self._container = [self.make_bytes(value)]

    @property
    def text(self):
        return self.content.decode(self.charset or "utf-8")

    def serialize(self):
        return self.serialize_headers() + b"\r\n\r\n" + self.content

    __bytes__ = serialize

    def __iter__(self):
        return iter(self._container)

    def write(self, content):
        self._container.append(self.make_bytes(content))

    def tell(self):
        return len(self.content)

    def getvalue(self):
        return self.content

    def writable(self):
        return True

    def writelines(self, lines):
        for line in lines:
            self.write(line)


class StreamingHttpResponse(HttpResponseBase):
    streaming = True

    def __init__(self, streaming_content=(), *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.streaming_content = streaming_content

    @property
    def content(self):
        raise AttributeError(
            "This %s instance has no `content` attribute. Use `streaming_content` instead." % type(self).__name__
        )

    @property
    def streaming_content(self):
        return map(self.make_bytes, self._iterator)

    @streaming_content.setter
    def streaming_content(self, value):
        self._iterator = iter(value)

    def __iter__(self):
        return iter(self.streaming_content)

    def getvalue(self):
        return b"".join(self.streaming_content)


def __getattr__(name):
    # Of Django's they are one module.
    from django.http import kinds

    if hasattr(kinds, name):
        return getattr(kinds, name)
    raise AttributeError("module 'django.http.response' has no attribute %r" % name)
