"""The log of Django's admin site: it is empty. `hallpass audit` has the trail of this program."""

from django.db.models.base import Model
from django.db.models.manager import Manager

ADDITION = 1
CHANGE = 2
DELETION = 3


class LogEntryManager(Manager):
    use_in_migrations = True


class LogEntry(Model, label="admin.LogEntry"):
    objects = LogEntryManager()

    def __str__(self):
        return "LogEntry Object"

    def is_addition(self):
        return self.action_flag == ADDITION

    def is_change(self):
        return self.action_flag == CHANGE

    def is_deletion(self):
        return self.action_flag == DELETION

ACTION_FLAG_CHOICES = [(ADDITION, "Addition"), (CHANGE, "Change"), (DELETION, "Deletion")]
