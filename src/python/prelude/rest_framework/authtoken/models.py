"""Tokens. `Token.objects` has what DRF has: the unnamed token of each user; `Token.every` has all of them."""

import _hallpass
from django.db.models.base import Model
from django.db.models.manager import Manager
from django.db.models.query import QuerySet


class EveryManager(Manager):
    """All tokens: named, expired and revoked ones too."""

    _every = True


class Token(Model, label="authtoken.Token"):
    def save(self, *args, **kwargs):
        # The key of a row that is there is not opened for this.
        if not self.__dict__.get("key") and not self._is_sealed():
            self.key = self.generate_key()
        if self._state.adding:
            kwargs["force_insert"] = True
        return super().save(*args, **kwargs)

    @classmethod
    def generate_key(cls):
        return _hallpass.random_text(40, "0123456789abcdef")

    def __str__(self):
        key = self.key
        return self._state.sealed.id if key is None and self._is_sealed() else key


_hallpass.as_usual((Token.save, Token.__dict__["generate_key"]))
Token.every = EveryManager()._bound_to(Token)


class TokenProxyQuerySet(QuerySet):
    def delete(self):
        # A proxy's pk is the user's: rows are found by their keys.
        return Token.objects.filter(pk__in=list(self.values_list("pk", flat=True))).delete()

    delete.alters_data = True
    delete.queryset_only = True


class TokenProxy(Token, label="authtoken.TokenProxy", proxy=True):
    objects = TokenProxyQuerySet.as_manager()

    @property
    def pk(self):
        return self.user_id

    def delete(self, using=None, keep_parents=False):
        if self.key is None:
            raise ValueError(
                "%s object can't be deleted because its %s attribute is set to None."
                % (self._meta.object_name, self._meta.pk.attname)
            )
        deleted = Token.objects.filter(key=self.key).delete()
        self.key = None
        return deleted
