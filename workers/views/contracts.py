"""Contracts of a person: what there is, on a line of months, and the forms that write them (R22)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from concierge.days import today_at
from concierge.errors import DomainError
from concierge.words import date_words, euros
from workers.actions.contracts import add_rider, end_contract, hire, renew, withdraw_contract
from workers.actions.derogations import add_derogation, withdraw_derogation
from workers.enums.contracts import ACTIVE_ANNEX, DerogationKind, EndReason
from workers.forms.contracts import ContractForm, DerogationForm, EndForm, RenewalForm, RiderForm
from workers.models import Contract, ContractDerogation, Employer, FinancialAnnex, Trainee
from workers.models.contracts import read_file
from workers.models.minimum_pay import monthly_minimum
from workers.perms import can_see_contracts, can_see_decisions, can_see_pay, can_write_contracts
from workers.views.common import acting, answered, require, trainee_or_404
from workers.views.contract_words import contract_rows, derogation_rows, timeline_of, warnings_of
from workers.views.person_tabs import head_of

Made = Callable[[], object]


@require_safe
def contracts(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Everything that was ever signed with a person."""
    found = _person(request, trainee)
    actor, today = acting(request), today_at(found.site)
    may_write = can_write_contracts(actor, site_id=found.site_id)
    with_kind = can_see_decisions(actor, found)
    signed = Contract.objects.visible_to(actor).filter(trainee=found).for_pages()
    decided = ContractDerogation.objects.filter(trainee=found).select_related("employer")
    file = read_file(found)
    sees_pay = can_see_pay(actor, site_id=found.site_id)
    context = {
        **head_of(request, found),
        "rows": contract_rows(signed, today, with_pay=sees_pay, may_write=may_write),
        "derogations": derogation_rows(decided, today, may_write=may_write, with_kind=with_kind),
        "timeline": timeline_of(file, today, with_kind=with_kind),
        "warnings": [*warnings_of(file, today), *(_pay_warnings(signed, today) if sees_pay else ())],
        "may_write": may_write,
        "has_pay": sees_pay,
    }
    return render(request, "workers/contracts.html", context)


def _pay_warnings(signed: Iterable[Contract], today: dt.date) -> list[str]:
    """Contracts that run or are to come whose pay is below the minimum wage of their day."""
    standing = [one for one in signed if one.withdrawn_on is None and (one.last_on is None or one.last_on >= today)]
    if not standing:
        return []
    minimum = monthly_minimum(standing[0].organisation_id)
    found = []
    for one in standing:
        day = max(today, one.starts_on)
        least = minimum.missing(day, one.facts.minutes_on(day), one.gross_pay)
        if least is not None and one.gross_pay is not None:
            figures = {"pay": euros(one.gross_pay), "least": euros(least), "day": date_words(day, "j F Y")}
            found.append(
                _("The pay of %(pay)s a month is below the minimum wage on %(day)s: %(least)s for these hours.")
                % figures
            )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def new_contract(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Sign with an employer."""
    found = _person(request, trainee, to_write=True)
    today = today_at(found.site)
    form = ContractForm(
        _typed(request),
        initial={"starts_on": today, "weekly_hours": 26 * 60, "kind": "cddi"},
        employers=_employers(request),
        annexes=_annexes(request),
    )

    def made() -> object:
        return hire(found, form.cleaned_data["employer"], form.terms, by=acting(request))

    return _form_page(request, found, form, made, title=_("New contract"), said=_("The contract is written down."))


@require_http_methods(["GET", "HEAD", "POST"])
def renewal(request: HttpRequest, contract: uuid.UUID) -> HttpResponse:
    """The next contract, from the day after."""
    before = _contract(request, contract)
    starts_on = (before.ends_on or today_at(before.trainee.site)) + dt.timedelta(days=1)
    first = {
        "kind": before.kind,
        "starts_on": starts_on,
        "weekly_hours": before.facts.minutes_on(before.ends_on or starts_on),
        "rome_code": before.rome_code,
        "gross_pay": before.gross_pay,
    }
    annexes = _annexes(request).filter(employer=before.employer)
    form = RenewalForm(_typed(request), initial=first, annexes=annexes)

    def made() -> object:
        return renew(before, form.terms, by=acting(request))

    lead = _("With %(employer)s, after the contract of %(day)s.") % _of(before)
    return _form_page(
        request, before.trainee, form, made, title=_("Renewal"), lead=lead, said=_("The renewal is written down.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def rider(request: HttpRequest, contract: uuid.UUID) -> HttpResponse:
    """Change hours, last day or annex from a day on."""
    before = _contract(request, contract)
    annexes = _annexes(request).filter(employer=before.employer)
    form = RiderForm(_typed(request), initial={"starts_on": today_at(before.trainee.site)}, annexes=annexes)

    def made() -> object:
        return add_rider(before, form.terms, by=acting(request))

    lead = _("To the contract with %(employer)s of %(day)s.") % _of(before)
    return _form_page(
        request, before.trainee, form, made, title=_("Rider"), lead=lead, said=_("The rider is written down.")
    )


@require_http_methods(["GET", "HEAD", "POST"])
def ending(request: HttpRequest, contract: uuid.UUID) -> HttpResponse:
    """End a contract before its last day."""
    before = _contract(request, contract)
    form = EndForm(_typed(request), initial={"ended_on": today_at(before.trainee.site)})

    def made() -> object:
        typed = form.cleaned_data
        return end_contract(before, ended_on=typed["ended_on"], reason=EndReason(typed["reason"]), by=acting(request))

    lead = _("The contract with %(employer)s of %(day)s.") % _of(before)
    return _form_page(
        request,
        before.trainee,
        form,
        made,
        title=_("End the contract early"),
        lead=lead,
        said=_("The end is written down."),
    )


@require_POST
def withdraw(request: HttpRequest, contract: uuid.UUID) -> HttpResponse:
    """A contract that was written by mistake."""
    before = _contract(request, contract)

    def act() -> None:
        if not withdraw_contract(before, by=acting(request)):
            messages.warning(
                request,
                _(
                    "A suspension of the PASS that this hire had ended could not be given back: write it down again on "
                    "the page of the PASS."
                ),
            )

    return _done(request, before.trainee, act, _("The contract counts no more."))


@require_http_methods(["GET", "HEAD", "POST"])
def new_derogation(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """Write down a decision."""
    found = _person(request, trainee, to_write=True)
    form = DerogationForm(_typed(request), initial={"starts_on": today_at(found.site)}, employers=_employers(request))

    def made() -> object:
        typed = form.cleaned_data
        return add_derogation(
            found,
            typed["employer"],
            DerogationKind(typed["kind"]),
            reference=typed["reference"],
            days=(typed["starts_on"], typed["ends_on"]),
            by=acting(request),
        )

    lead = _("What the rule forbids, and a written decision allows: with its reference and its last day.")
    return _form_page(
        request, found, form, made, title=_("New derogation"), lead=lead, said=_("The derogation is written down.")
    )


@require_POST
def drop_derogation(request: HttpRequest, derogation: uuid.UUID) -> HttpResponse:
    """A decision that was written by mistake."""
    require(can_see_contracts(acting(request)))
    found = get_object_or_404(
        ContractDerogation.objects.filter(organisation=acting(request).organisation).select_related("trainee__site"),
        public_id=derogation,
        trainee__in=Trainee.objects.visible_to(acting(request)),
    )
    require(can_write_contracts(acting(request), site_id=found.trainee.site_id))
    return _done(
        request,
        found.trainee,
        lambda: withdraw_derogation(found, by=acting(request)),
        _("The derogation counts no more."),
    )


def _person(request: HttpRequest, public_id: uuid.UUID, *, to_write: bool = False) -> Trainee:
    actor = acting(request)
    require(can_see_contracts(actor))
    found = trainee_or_404(actor, public_id)
    require((can_write_contracts if to_write else can_see_contracts)(actor, site_id=found.site_id))
    return found


def _contract(request: HttpRequest, public_id: uuid.UUID) -> Contract:
    """A contract that the actor may change."""
    actor = acting(request)
    require(can_see_contracts(actor))
    found: Contract = get_object_or_404(
        Contract.objects.visible_to(actor).with_riders().select_related("trainee__site"), public_id=public_id
    )
    require(can_write_contracts(actor, site_id=found.trainee.site_id))
    return found


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _employers(request: HttpRequest) -> QuerySet[Employer]:
    return Employer.objects.visible_to(acting(request)).active().order_by("name", "pk")


def _annexes(request: HttpRequest) -> QuerySet[FinancialAnnex]:
    """Those that may be chosen; one that is out of its days is refused with the reason."""
    found = FinancialAnnex.objects.visible_to(acting(request)).filter(state__in=ACTIVE_ANNEX)
    return found.order_by("-starts_on", "number", "pk")


def _of(contract: Contract) -> dict[str, str]:
    return {"employer": contract.employer.name, "day": date_words(contract.starts_on, "j F Y")}


def _form_page(
    request: HttpRequest, trainee: Trainee, form: forms.Form, made: Made, *, title: str, said: str, lead: str = ""
) -> HttpResponse:
    """The form; once it is right, what it asks for is done and said."""
    back = reverse("workers:contracts", args=[trainee.public_id])
    status = answered(form, made) if form.is_bound else 200
    if not status:
        messages.success(request, said)
        return redirect(back)
    context = {**head_of(request, trainee), "form": form, "title": title, "lead": lead, "back": back}
    return render(request, "workers/person_form.html", context, status=status)


def _done(request: HttpRequest, trainee: Trainee, act: Made, said: str) -> HttpResponse:
    """Do it, or say why not, on the page of the contracts."""
    try:
        act()
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, said)
    return redirect("workers:contracts", trainee=trainee.public_id)
