"""What every kind of user has."""

import _hallpass
from django.contrib.auth.hashers import check_password, is_password_usable, make_password
from django.db.models.base import Model
from django.db.models.manager import Manager


class BaseUserManager(Manager):
    @classmethod
    def normalize_email(cls, email):
        email = email or ""
        name, at, domain = email.strip().rpartition("@")
        return name + "@" + domain.lower() if at else email

    def get_by_natural_key(self, username):
        return self.get(**{self.model.USERNAME_FIELD: username})

    async def aget_by_natural_key(self, username):
        return self.get_by_natural_key(username)


class AbstractBaseUser(Model):
    REQUIRED_FIELDS = []
    is_anonymous = False
    is_authenticated = False
    _password = None

    class Meta:
        abstract = True

    is_anonymous = property(lambda self: False)
    is_authenticated = property(lambda self: True)

    def __str__(self):
        return self.get_username()

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        if self._password is not None:
            self._password = None

    def get_username(self):
        return getattr(self, self.USERNAME_FIELD)

    def clean(self):
        setattr(self, self.USERNAME_FIELD, self.normalize_username(self.get_username()))

    def natural_key(self):
        return (self.get_username(),)

    def set_password(self, raw_password):
        self.password = make_password(raw_password)
        self._password = raw_password

    def check_password(self, raw_password):
        def setter(raw_password):
            self.set_password(raw_password)
            self._password = None
            # The same password: what dies with a password lives.
            _hallpass.rehashed(True)
            try:
                self.save(update_fields=["password"])
            finally:
                _hallpass.rehashed(False)

        return check_password(raw_password, self.password, setter)

    async def acheck_password(self, raw_password):
        return self.check_password(raw_password)

    def set_unusable_password(self):
        self.password = make_password(None)

    def has_usable_password(self):
        return is_password_usable(self.password)

    def get_session_auth_hash(self):
        return self._get_session_auth_hash()

    def get_session_auth_fallback_hash(self):
        from django.conf import settings

        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._get_session_auth_hash(secret)

    def _get_session_auth_hash(self, secret=None):
        from django.utils.crypto import salted_hmac

        key_salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(key_salt, self.password, secret=secret, algorithm="sha256").hexdigest()

    @classmethod
    def get_email_field_name(cls):
        return cls.EMAIL_FIELD

    @classmethod
    def normalize_username(cls, username):
        if not isinstance(username, str) or username.isascii():
            return username
        import unicodedata

        return unicodedata.normalize("NFKC", username)


_hallpass.as_usual((AbstractBaseUser.save,))
