"""Tokens for resetting a password: they end with their time, with a login and with a new password."""

from datetime import datetime

_EPOCH = datetime(2001, 1, 1)


class PasswordResetTokenGenerator:
    key_salt = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
    algorithm = "sha256"
    _secret = None

    @property
    def secret(self):
        from django.conf import settings

        return self._secret or settings.SECRET_KEY

    @secret.setter
    def secret(self, secret):
        self._secret = secret

    def make_token(self, user):
        return self._make_token_with_timestamp(user, self._num_seconds(self._now()), self.secret)

    def check_token(self, user, token):
        from django.conf import settings
        from django.utils.crypto import constant_time_compare
        from django.utils.http import base36_to_int

        if not (user and token):
            return False
        parts = token.split("-")
        if len(parts) != 2:
            return False
        try:
            timestamp = base36_to_int(parts[0])
        except ValueError:
            return False
        if not constant_time_compare(self._make_token_with_timestamp(user, timestamp, self.secret), token):
            return False
        return self._num_seconds(self._now()) - timestamp <= settings.PASSWORD_RESET_TIMEOUT

    def _make_token_with_timestamp(self, user, timestamp, secret):
        from django.utils.crypto import salted_hmac
        from django.utils.http import int_to_base36

        value = self._make_hash_value(user, timestamp)
        digits = salted_hmac(self.key_salt, value, secret=secret, algorithm=self.algorithm).hexdigest()
        return "%s-%s" % (int_to_base36(timestamp), digits[::2])

    def _make_hash_value(self, user, timestamp):
        """What ends a token when it changes."""
        login = user.last_login and user.last_login.replace(microsecond=0, tzinfo=None)
        email = getattr(user, user.get_email_field_name(), "") or ""
        return "%s%s%s%s%s" % (user.pk, user.password, "" if login is None else login, timestamp, email)

    def _num_seconds(self, dt):
        return int((dt - _EPOCH).total_seconds())

    def _now(self):
        return datetime.now()


default_token_generator = PasswordResetTokenGenerator()
