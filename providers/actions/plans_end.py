"""When plans of days go. Apart from how they are made, which takes numbers that every process would load."""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from concierge import retention
from providers.models import AssignmentRun


@retention.forget("day_plans")
def days_long_over(before: dt.datetime) -> QuerySet[AssignmentRun]:
    """Plans of days long over, with their lines. Who was asked stays: offers are the record."""
    return AssignmentRun.objects.filter(day__lt=before.date())
