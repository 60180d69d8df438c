"""Random text, comparisons that tell nothing, keyed hashes."""

RANDOM_STRING_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class InvalidAlgorithm(ValueError):
    """Algorithm is not supported by hashlib."""


def get_random_string(length, allowed_chars=RANDOM_STRING_CHARS):
    import _hallpass

    return _hallpass.random_text(length, allowed_chars)


def constant_time_compare(val1, val2):
    import hmac

    from django.utils.encoding import force_bytes

    return hmac.compare_digest(force_bytes(val1), force_bytes(val2))


def salted_hmac(key_salt, value, secret=None, *, algorithm="sha1"):
    """The HMAC of `value` under a key made of a salt and a secret (settings.SECRET_KEY)."""
    import hashlib
    import hmac

    from django.utils.encoding import force_bytes

    if secret is None:
        from django.conf import settings

        secret = settings.SECRET_KEY
    try:
        hasher = getattr(hashlib, algorithm)
    except AttributeError as error:
        raise InvalidAlgorithm("%r is not an algorithm accepted by the hashlib module." % algorithm) from error
    key = hasher(force_bytes(key_salt) + force_bytes(secret)).digest()
    return hmac.new(key, msg=force_bytes(value), digestmod=hasher)


def pbkdf2(password, salt, iterations, dklen=0, digest=None):
    import hashlib

    from django.utils.encoding import force_bytes

    name = (digest or hashlib.sha256)().name
    return hashlib.pbkdf2_hmac(name, force_bytes(password), force_bytes(salt), iterations, dklen or None)
