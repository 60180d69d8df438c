"""Tokens. `Token.objects` has what DRF has: the unnamed token of each user; `Token.every` has all of them."""

import _hallpass
from django.db.models.base import Model
from django.db.models.manager import Manager


class EveryManager(Manager):
    """All tokens: named, expired and revoked ones too."""

    _every = True


class Token(Model, label="authtoken.Token"):
    def save(self, *args, **kwargs):
        if not self.key:
            self.key = self.generate_key()
        if self._state.adding:
            kwargs["force_insert"] = True
        return super().save(*args, **kwargs)

    @classmethod
    def generate_key(cls):
        return _hallpass.random_text(40, "0123456789abcdef")

    def __str__(self):
        return self.key


Token.every = EveryManager()._bound_to(Token)


class TokenProxy(Token, label="authtoken.TokenProxy", proxy=True):
    @property
    def pk(self):
        return self.user_id
