"""Values that carry a signature."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class BadSignature(Exception):
    """Signature does not match."""


class SignatureExpired(BadSignature):
    """Signature timestamp is older than required max_age."""


def b62_encode(s):
    if s == 0:
        return "0"
    sign, s, text = ("-", -s, "") if s < 0 else ("", s, "")
    while s:
        s, rest = divmod(s, 62)
        text = _DIGITS[rest] + text
    return sign + text


def b62_decode(s):
    number = 0
    for c in s.removeprefix("-"):
        number = number * 62 + _DIGITS.index(c)
    return -number if s.startswith("-") else number


def b64_encode(s):
    import base64

    return base64.urlsafe_b64encode(s).strip(b"=")


def b64_decode(s):
    import base64

    return base64.urlsafe_b64decode(s + b"=" * (-len(s) % 4))


def base64_hmac(salt, value, key, algorithm="sha1"):
    from django.utils.crypto import salted_hmac

    return b64_encode(salted_hmac(salt, value, key, algorithm=algorithm).digest()).decode()


class JSONSerializer:
    def dumps(self, obj):
        import json

        return json.dumps(obj, separators=(",", ":")).encode("latin-1")

    def loads(self, data):
        import json

        return json.loads(data.decode("latin-1"))


class Signer:
    def __init__(self, *, key=None, sep=":", salt=None, algorithm=None, fallback_keys=None):
        from django.conf import settings

        self.key = key or settings.SECRET_KEY
        self.fallback_keys = settings.SECRET_KEY_FALLBACKS if fallback_keys is None else fallback_keys
        self.sep = sep
        self.salt = salt or "%s.%s" % (type(self).__module__, type(self).__name__)
        self.algorithm = algorithm or "sha256"
        if all(c.isalnum() or c in "-_=" for c in sep):
            raise ValueError("Unsafe Signer separator: %r (cannot be empty or consist of only A-z0-9-_=)" % sep)

    def signature(self, value, key=None):
        return base64_hmac(self.salt + "signer", value, key or self.key, algorithm=self.algorithm)

    def sign(self, value):
        return "%s%s%s" % (value, self.sep, self.signature(value))

    def unsign(self, signed_value):
        from django.utils.crypto import constant_time_compare

        if self.sep not in signed_value:
            raise BadSignature('No "%s" found in value' % self.sep)
        value, sig = signed_value.rsplit(self.sep, 1)
        for key in [self.key, *self.fallback_keys]:
            if constant_time_compare(sig, self.signature(value, key)):
                return value
        raise BadSignature('Signature "%s" does not match' % sig)

    def sign_object(self, obj, serializer=JSONSerializer, compress=False):
        data = serializer().dumps(obj)
        packed = False
        if compress:
            import zlib

            smaller = zlib.compress(data)
            packed = len(smaller) < len(data) - 1
            data = smaller if packed else data
        text = b64_encode(data).decode()
        return self.sign("." + text if packed else text)

    def unsign_object(self, signed_obj, serializer=JSONSerializer, **kwargs):
        text = self.unsign(signed_obj, **kwargs)
        packed = text.startswith(".")
        data = b64_decode(text.removeprefix(".").encode())
        if packed:
            import zlib

            data = zlib.decompress(data)
        return serializer().loads(data)


class TimestampSigner(Signer):
    def timestamp(self):
        import time

        return b62_encode(int(time.time()))

    def sign(self, value):
        return super().sign("%s%s%s" % (value, self.sep, self.timestamp()))

    def unsign(self, value, max_age=None):
        import time

        value, timestamp = super().unsign(value).rsplit(self.sep, 1)
        if max_age is not None:
            limit = max_age.total_seconds() if hasattr(max_age, "total_seconds") else max_age
            age = time.time() - b62_decode(timestamp)
            if age > limit:
                raise SignatureExpired("Signature age %s > %s seconds" % (age, limit))
        return value


def get_cookie_signer(salt="django.core.signing.get_cookie_signer"):
    from django.conf import settings

    return TimestampSigner(key=b"django.http.cookies" + settings.SECRET_KEY.encode(), salt=salt)


def dumps(obj, key=None, salt="django.core.signing", serializer=JSONSerializer, compress=False):
    return TimestampSigner(key=key, salt=salt).sign_object(obj, serializer=serializer, compress=compress)


def loads(s, key=None, salt="django.core.signing", serializer=JSONSerializer, max_age=None, fallback_keys=None):
    signer = TimestampSigner(key=key, salt=salt, fallback_keys=fallback_keys)
    return signer.unsign_object(s, serializer=serializer, max_age=max_age)
