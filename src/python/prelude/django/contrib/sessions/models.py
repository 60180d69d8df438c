"""Sessions: there are none."""

from django.db.models.base import Model
from django.db.models.manager import Manager


class BaseSessionManager(Manager):
    pass


class SessionManager(BaseSessionManager):
    pass


class AbstractBaseSession(Model):
    class Meta:
        abstract = True

    def __str__(self):
        return self.session_key


class Session(AbstractBaseSession, label="sessions.Session"):
    objects = SessionManager()

    def get_decoded(self):
        return {}
