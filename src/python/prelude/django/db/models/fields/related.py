"""The fields that lead to other rows."""

from django.db.models.fields import ForeignKey, ManyToManyField, OneToOneField
from django.db.models.fields.rels import ForeignObjectRel, ManyToManyRel, ManyToOneRel, OneToOneRel
