"""Forms about the people themselves. They parse; actions decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.models import Prescriber
from concierge.enums import Role
from concierge.models import Site
from workers.actions.persons import PersonDetails, TeamAround, staff_of
from workers.enums.exits import grouped
from workers.forms.contracts import a_day
from workers.models import Employer, Trainee
from workers.models.people import TEAM_ROLES


def _site_field() -> forms.ModelChoiceField[Any]:
    return forms.ModelChoiceField(label=_("Site"), queryset=None, to_field_name="slug", empty_label=None)


class PeopleFilters(forms.Form):
    """Filters of the list. Nonsense filters nothing."""

    q = forms.CharField(label=_("Name"), required=False, max_length=80)
    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        label=_("Site"), queryset=None, required=False, to_field_name="slug", empty_label=_("All sites")
    )
    employer: forms.ModelChoiceField[Employer] = forms.ModelChoiceField(
        label=_("Employer"), queryset=None, required=False, to_field_name="public_id", empty_label=_("All employers")
    )
    state = forms.ChoiceField(
        label=_("Contract"),
        required=False,
        choices=[
            ("", _("Everybody on the team")),
            ("ending", _("Ends within three months")),
            ("none", _("Without a contract today")),
            ("left", pgettext_lazy("people", "Former members")),
        ],
    )

    def __init__(self, *args: Any, sites: QuerySet[Site], employers: QuerySet[Employer], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]  # a choice of rows
        self.fields["employer"].queryset = employers  # type: ignore[attr-defined]  # as above


class PersonForm(forms.Form):
    """Who somebody is."""

    first_name = forms.CharField(label=_("First name"), max_length=80)
    last_name = forms.CharField(label=_("Last name"), max_length=80, required=False)
    birth_date = a_day(
        _("Birth date"),
        first=dt.date(1900, 1, 1),
        required=False,
        help_text=_("For the rules of minors, of 50 and over, of 57 and over. Read by who writes contracts only."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=[("fr", "Français"), ("en", "English")])
    prefers_audio = forms.BooleanField(label=_("Prefers to listen"), required=False)

    def __init__(self, *args: Any, with_birth_date: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not with_birth_date:
            del self.fields["birth_date"]

    def details(self, known: Trainee | None = None) -> PersonDetails:
        """What was typed; a birth date that the reader may not see stays as it is."""
        typed = self.cleaned_data
        born = typed["birth_date"] if "birth_date" in self.fields else known.birth_date if known else None
        return PersonDetails(
            first_name=typed["first_name"],
            last_name=typed["last_name"],
            birth_date=born,
            language=typed["language"],
            prefers_audio=typed["prefers_audio"],
        )


class NewPersonForm(PersonForm):
    """Somebody who joins: who, where, and how they sign in."""

    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        label=_("Site"), queryset=None, to_field_name="slug", empty_label=None
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("With it the person opens their own day on a phone: we write how. It can come later."),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )
    field_order = ("first_name", "last_name", "birth_date", "site", "email")

    def __init__(self, *args: Any, sites: QuerySet[Site], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["site"].queryset = sites  # type: ignore[attr-defined]  # as above


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for the checker only
    """Accounts by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_full_name())


class PrescriberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # as above
    """Prescribers by name and structure."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user.get_full_name()} – {obj.structure}"


class TeamForm(forms.Form):
    """Where somebody works, and with whom."""

    site: forms.ModelChoiceField[Site] = forms.ModelChoiceField(
        label=_("Site"), queryset=None, to_field_name="slug", empty_label=None
    )
    supervisor = PersonChoice(
        label=_("Technical supervisor"), queryset=None, required=False, to_field_name="public_id", empty_label="–"
    )
    adviser = PersonChoice(
        label=_("Social adviser"), queryset=None, required=False, to_field_name="public_id", empty_label="–"
    )
    mentor = PersonChoice(label=_("Mentor"), queryset=None, required=False, to_field_name="public_id", empty_label="–")
    referrer = PrescriberChoice(
        label=_("Referrer"), queryset=None, required=False, to_field_name="public_id", empty_label="–"
    )

    def __init__(self, *args: Any, trainee: Trainee, sites: QuerySet[Site], **more: Any) -> None:
        super().__init__(*args, **more)
        site = trainee.site
        rows: dict[str, Any] = {
            "site": sites,
            "supervisor": staff_of(site, Role.SUPERVISOR),
            "adviser": staff_of(site, Role.SOCIAL_ADVISER),
            "mentor": staff_of(site, *TEAM_ROLES),
            "referrer": Prescriber.objects.filter(organisation_id=site.organisation_id).select_related("user"),
        }
        for name, found in rows.items():
            self.fields[name].queryset = found  # type: ignore[attr-defined]  # as above

    @property
    def team(self) -> TeamAround:
        """What was chosen, once it is valid."""
        return TeamAround(**self.cleaned_data)


class LeaveForm(forms.Form):
    """Which day is somebody's last one."""

    last_on = a_day(_("Last day on the team"), help_text=_("They are still there on that day."))
    situation = forms.ChoiceField(
        label=_("What they do then"),
        choices=lambda: [("", _("Not known yet")), *grouped()],
        required=False,
        help_text=_("No reason is asked. Their social adviser asks again three and six months later."),
    )


class InviteForm(forms.Form):
    """Where to write."""

    email = forms.EmailField(
        label=_("E-mail"),
        error_messages={"invalid": _("Please write a whole e-mail address, such as name@example.fr.")},
    )
