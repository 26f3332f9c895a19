"""The permission matrix: actor × route × expected answer (S01-S03, S06, S07).

``tests/matrix.csv`` holds one row per route and method. A route without a row fails, a row without a route fails, a
refused call leaves no trace. ``MATRIX_WRITE=1 pytest tests/test_matrix.py`` writes what the product answers today: read
every changed cell before committing it.
"""

from __future__ import annotations

import csv
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.test import Client as Browser
from django.urls import URLPattern, get_resolver, reverse

from concierge import tenancy
from concierge.days import today_of
from concierge.enums import Role, Scope
from concierge.models import Event
from providers.actions.invitations import door_of
from providers.actions.sandbox import create_test_key, sandbox_keys
from tests.one_transaction import db
from tests.scene import Scene, build_scene
from tests.world import World, build_world
from workers.actions.exits import begin_exit
from workers.models import ExitFollowUp, MinimumPay, SwapRequest

__all__ = ["db"]
TABLE = Path(__file__).parent / "matrix.csv"
PAGE_ACTORS = (
    "anonymous",
    "client",
    "other_client",
    "trainee",
    "provider",
    "concierge",
    "far_concierge",
    "dispatcher",
    "supervisor",
    "social_adviser",
    "accountant",
    "site_manager",
    "network_head",
    "elsewhere",
)
API_ACTORS = ("no_key", "wrong_key", "no_scope", "organisation_key", "provider_key", "rival_key", "elsewhere_key")
# Pages of a maintained library, with their own tests there; and what speaks of the installation.
NOT_OURS = ("compte/", "i18n/")

Arguments = Callable[[Scene], dict[str, Any]]


def _open_request(scene: Scene) -> dict[str, Any]:
    return {"public_id": scene.open.public_id}


def _of(scene: Scene, **rows: Any) -> dict[str, Any]:
    """The person of the scene, and rows of theirs."""
    return {"trainee": scene.trainee.public_id, **{name: row.public_id for name, row in rows.items()}}


def _follow_up(scene: Scene) -> ExitFollowUp:
    """What is asked once the person of the scene has left."""
    found = ExitFollowUp.objects.filter(exit__trainee=scene.trainee).first()
    if found is None:
        begin_exit(scene.trainee, today_of(scene.world.organisation), by=scene.world.actor())
        return _follow_up(scene)
    return found


def _paper_of(scene: Scene) -> dict[str, Any]:
    paper = scene.provider.documents.order_by("pk").first()
    return {"public_id": scene.provider.public_id, "document": paper.public_id if paper else None}


def trial_key_of(scene: Scene) -> Any:
    """A test key of the provider: a simulated concierge is opened by the tests that look at its keys alone."""
    if keys := sandbox_keys(scene.provider):
        return keys[0].public_id
    by = tenancy.system_actor(scene.world.organisation)
    return create_test_key(scene.provider, name="Essais", scopes=[Scope.OFFERS_READ], by=by)[0].public_id


# How to fill in a route's address with things of the scene. Routes not listed have no arguments, or only ``slug``.
ARGUMENTS: dict[str, Arguments] = {
    "bookings:track": lambda s: {"token": s.open.tracking_token},
    "bookings:track-state": lambda s: {"token": s.open.tracking_token},
    "bookings:track-cancel": lambda s: {"token": s.open.tracking_token},
    "bookings:track-renew": lambda s: {"token": s.open.tracking_token},
    "bookings:track-move": lambda s: {"token": s.open.tracking_token},
    "bookings:track-access": lambda s: {"token": s.unpriced.tracking_token},
    "bookings:track-wait": lambda s: {"token": s.open.tracking_token},
    "bookings:track-wait-leave": lambda s: {"token": s.open.tracking_token},
    "bookings:track-notice": lambda s: {
        "token": s.notice.entry.request.tracking_token,
        "public_id": s.notice.public_id,
    },
    "bookings:wait-request": _open_request,
    "bookings:wait-request-leave": _open_request,
    "bookings:api-service-request-waitlist": _open_request,
    "bookings:api-service-request-waitlist-leave": _open_request,
    "bookings:track-ics": lambda s: {"token": s.open.tracking_token},
    "bookings:feed": lambda s: {"token": s.feed_token},
    "bookings:track-answer": lambda s: {"token": s.open.tracking_token},
    "bookings:track-revive": lambda s: {"token": s.open.tracking_token},
    "bookings:follow": lambda s: {"public_id": s.open.public_id, "verb": "suspendre"},
    "bookings:act-on-silence": lambda s: {"public_id": s.open.public_id, "verb": "appel"},
    "bookings:done": lambda s: {"token": s.open.tracking_token},
    "bookings:openings-rule": lambda s: {"slug": s.world.site.slug, "place": "desk"},
    "bookings:closure": lambda s: {"slug": s.world.site.slug, "day": s.closed_on},
    "bookings:vat-forget": lambda s: {"code": "reduced", "day": s.rate.valid_from.isoformat()},
    "bookings:closure-remove": lambda s: {"slug": s.world.site.slug, "day": s.closed_on},
    "bookings:stand-day": lambda s: {
        "slug": s.world.site.slug,
        "public_id": s.stand.public_id,
        "day": s.stand_day.isoformat(),
    },
    "bookings:presence": lambda s: {"slug": s.world.site.slug, "public_id": s.stand.public_id},
    "bookings:presence-remove": lambda s: {"slug": s.world.site.slug, "public_id": s.stand.public_id},
    "bookings:api-site-openings": lambda s: {"public_id": s.world.site.public_id},
    "bookings:request": _open_request,
    "bookings:begin-quote": lambda s: {"public_id": s.unpriced.public_id},
    "bookings:review-request": lambda s: {"public_id": s.unpriced.public_id},
    "bookings:plan-request": lambda s: {"public_id": s.unpriced.public_id},
    "bookings:quote": lambda s: {"public_id": s.quote.public_id},
    "bookings:quote-pdf": lambda s: {"public_id": s.quote.public_id},
    "bookings:quote-edit": lambda s: {"public_id": s.draft.public_id},
    "bookings:change-quote": lambda s: {"public_id": s.draft.public_id, "verb": "envoyer"},
    "bookings:api-client": lambda s: {"public_id": s.world.client.public_id},
    "bookings:api-client-edit": lambda s: {"public_id": s.world.client.public_id},
    "bookings:api-beneficiaries": lambda s: {"public_id": s.world.client.public_id},
    "bookings:api-client-account": lambda s: {"public_id": s.account.public_id},
    "bookings:api-client-account-usage": lambda s: {"public_id": s.account.public_id},
    "bookings:api-account-members": lambda s: {"public_id": s.account.public_id},
    "bookings:api-account-member-end": lambda s: {"public_id": s.membership.public_id},
    "bookings:api-quote": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-send": lambda s: {"public_id": s.draft.public_id},
    "bookings:api-quote-withdraw": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-accept": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-changes": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-renew": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-pdf": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-decline": lambda s: {"public_id": s.quote.public_id},
    "bookings:api-quote-write": lambda s: {"public_id": s.unpriced.public_id},
    "bookings:quote-link": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:quote-link-pdf": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:quote-link-accept": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:quote-link-decline": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:quote-link-change": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:quote-link-renew": lambda s: {"token": s.quote.request.tracking_token},
    "bookings:place-request": _open_request,
    "bookings:reprice": _open_request,
    "bookings:quantities": _open_request,
    "bookings:api-service-request-quantities": _open_request,
    "bookings:move-request": _open_request,
    "bookings:request-access": lambda s: {"public_id": s.unpriced.public_id},
    "bookings:change-request": lambda s: {"public_id": s.done.public_id, "verb": "remettre"},
    "bookings:desk-details": lambda s: {"slug": s.world.site.slug, "client": s.world.client.public_id},
    "bookings:desk-book": lambda s: {
        "slug": s.world.site.slug,
        "client": s.world.client.public_id,
        "what": "rendez-vous",
    },
    "bookings:desk-act": lambda s: {"slug": s.world.site.slug, "public_id": s.done.public_id, "verb": "remettre"},
    "bookings:desk-receipt": lambda s: {"slug": s.world.site.slug, "public_id": s.done.public_id},
    "bookings:desk-receipt-pdf": lambda s: {"slug": s.world.site.slug, "public_id": s.done.public_id},
    "bookings:change-work-order": lambda s: {"public_id": s.cobbling.public_id, "verb": "valider"},
    **{
        f"bookings:catalogue-{part}": lambda s: {"public_id": s.world.ironing.public_id}
        for part in ("service", "preview", "price", "tarifs", "options", "supplements")
    },
    "bookings:category": lambda s: {"public_id": s.world.ironing.category.public_id},
    "bookings:catalogue-price-back": lambda s: {"public_id": s.world.ironing.public_id, "price": s.price.public_id},
    "bookings:catalogue-terms": lambda s: {"public_id": s.world.ironing.public_id, "slug": s.world.site.slug},
    "bookings:catalogue-import": lambda s: {"public_id": s.file.public_id},
    "bookings:catalogue-import-load": lambda s: {"public_id": s.file.public_id},
    "bookings:catalogue-file": lambda s: {"what": "modele", "kind": "csv"},
    "bookings:catalogue-area-remove": lambda s: {"slug": s.world.site.slug, "area": s.area.pk},
    "bookings:api-service-request": _open_request,
    "bookings:api-service-request-cancel": _open_request,
    "bookings:api-service-request-answer": _open_request,
    "bookings:api-service-request-hold": _open_request,
    "bookings:api-service-request-resume": _open_request,
    "bookings:api-site": lambda s: {"public_id": s.world.site.public_id},
    "bookings:api-service-request-reschedule": _open_request,
    "bookings:api-work-order": lambda s: {"public_id": s.done.work_orders.get().public_id},
    "bookings:api-work-order-start": lambda s: {"public_id": s.done.work_orders.get().public_id},
    "bookings:api-work-order-complete": lambda s: {"public_id": s.done.work_orders.get().public_id},
    "bookings:track-repeat": lambda s: {"token": s.open.tracking_token},
    "bookings:track-series": lambda s: {"token": s.booked_day.tracking_token},
    "bookings:series": lambda s: {"public_id": s.series.public_id},
    "bookings:series-edit": lambda s: {"public_id": s.series.public_id},
    "bookings:my-series": lambda s: {"public_id": s.series.public_id},
    "bookings:change-series": lambda s: {"public_id": s.series.public_id, "verb": "arreter"},
    "bookings:change-occurrence": lambda s: {"public_id": s.day.public_id, "verb": "passer"},
    "bookings:api-recurrence": lambda s: {"public_id": s.series.public_id},
    "bookings:api-occurrences": lambda s: {"public_id": s.series.public_id},
    "bookings:api-recurrence-pause": lambda s: {"public_id": s.series.public_id},
    "bookings:api-recurrence-resume": lambda s: {"public_id": s.series.public_id},
    "bookings:api-recurrence-edit": lambda s: {"public_id": s.series.public_id},
    "bookings:api-recurrence-end": lambda s: {"public_id": s.series.public_id},
    "bookings:person": lambda s: {"public_id": s.accompaniment.public_id},
    "bookings:person-end": lambda s: {"public_id": s.accompaniment.public_id},
    "bookings:person-book": lambda s: {"public_id": s.accompaniment.public_id, "slug": s.world.site.slug},
    "bookings:prescriber-change": lambda s: {
        "public_id": s.accompaniment.prescriber.public_id,
        "verb": "suspendre",
    },
    "bookings:account": lambda s: {"public_id": s.account.public_id},
    "bookings:account-edit": lambda s: {"public_id": s.account.public_id},
    "bookings:account-code": lambda s: {"public_id": s.account.public_id},
    "bookings:account-report": lambda s: {"public_id": s.account.public_id},
    "bookings:account-usage": lambda s: {"public_id": s.account.public_id},
    "bookings:account-member-add": lambda s: {"public_id": s.account.public_id},
    "bookings:account-members-import": lambda s: {"public_id": s.account.public_id},
    "bookings:account-member-remove": lambda s: {
        "public_id": s.account.public_id,
        "member_id": s.membership.public_id,
    },
    "bookings:my-person": lambda s: {"public_id": s.helped.public_id},
    "bookings:my-person-stop": lambda s: {"public_id": s.helped.public_id},
    "bookings:my-company-leave": lambda s: {"public_id": s.membership.public_id},
    "bookings:duplicates-compare": lambda s: {"one": s.world.client.public_id, "other": s.twin.public_id},
    "bookings:duplicates-merge": lambda s: {"one": s.world.client.public_id, "other": s.twin.public_id},
    "bookings:client-unmerge": lambda s: {"public_id": s.twin.public_id},
    "bookings:track-change": lambda s: {"token": s.ahead.request.tracking_token},
    "bookings:track-refuse": lambda s: {
        "token": s.handed_out.request.tracking_token,
        "public_id": s.substitution.public_id,
    },
    "bookings:hand-outs-of-day": lambda s: {"slug": s.world.site.slug, "day": s.handed_out.run.due_on.isoformat()},
    "bookings:stop-plan": lambda s: {"public_id": s.plan.public_id},
    "bookings:edit-plan": lambda s: {"public_id": s.plan.public_id},
    "bookings:producer": lambda s: {"public_id": s.plan.producer.public_id},
    "bookings:sheet-pdf": lambda s: {"public_id": s.sheet.public_id},
    "bookings:sheet-csv": lambda s: {"public_id": s.sheet.public_id},
    "bookings:tick": lambda s: {"public_id": s.handed_out.public_id, "verb": "remis"},
    "bookings:run": lambda s: {"public_id": s.ahead.run.public_id},
    "bookings:cancel-run": lambda s: {"public_id": s.ahead.run.public_id},
    "bookings:substitute": lambda s: {"public_id": s.handed_out.run.public_id},
    "bookings:hand-out": lambda s: {"public_id": s.handed_out.run.public_id},
    "bookings:api-service-request-change-order": lambda s: {"public_id": s.ahead.request.public_id},
    "providers:api-agreement": lambda s: {"public_id": s.sent_agreement.public_id},
    "providers:api-offer": lambda s: {"public_id": s.offer.public_id},
    "providers:api-offer-accept": lambda s: {"public_id": s.offer.public_id},
    "providers:api-offer-decline": lambda s: {"public_id": s.offer.public_id},
    "providers:api-offer-release": lambda s: {"public_id": s.offer.public_id},
    **{
        f"providers:api-price-request{part}": lambda s: {"public_id": s.price_request.public_id}
        for part in ("", "-answer", "-decline", "-retract", "-withdraw")
    },
    "providers:api-price-request-use": lambda s: {"public_id": s.given_price.public_id},
    "providers:api-ask-prices": lambda s: {"public_id": s.unpriced.public_id},
    "providers:prices-of-request": lambda s: {"request_id": s.unpriced.public_id},
    "providers:ask-prices": lambda s: {"request_id": s.unpriced.public_id},
    "providers:change-price-request": lambda s: {"public_id": s.price_request.public_id, "verb": "retirer"},
    "providers:bank-notice": lambda s: {"token": s.bank_account.token},
    "providers:bank-notice-act": lambda s: {"token": s.bank_account.token, "verb": "arreter"},
    "providers:space-change-bank": lambda s: {"account": s.bank_account.public_id, "verb": "arreter"},
    "providers:bank": lambda s: {"public_id": s.provider.public_id},
    "providers:new-bank": lambda s: {"public_id": s.provider.public_id},
    "providers:change-bank": lambda s: {
        "public_id": s.provider.public_id,
        "account": s.bank_account.public_id,
        "verb": "appel",
    },
    "providers:agreement-link": lambda s: {"token": s.agreement_token},
    "providers:agreement-link-code": lambda s: {"token": s.agreement_token},
    "providers:agreement-link-renew": lambda s: {"token": s.agreement_token},
    "providers:agreement-link-act": lambda s: {"token": s.agreement_token, "verb": "refuser"},
    "providers:price-link": lambda s: {"token": s.price_token},
    "providers:price-link-code": lambda s: {"token": s.price_token},
    "providers:price-link-act": lambda s: {"token": s.price_token, "verb": "refuser"},
    "providers:space-price": lambda s: {"public_id": s.price_request.public_id},
    "providers:space-price-answer": lambda s: {"public_id": s.price_request.public_id, "verb": "refuser"},
    "billing:of-request": lambda s: {"public_id": s.done.public_id},
    "billing:invoice-request-now": lambda s: {"public_id": s.done.public_id},
    "billing:invoice": lambda s: {"public_id": s.invoice.public_id},
    "billing:pdf": lambda s: {"public_id": s.invoice.public_id},
    "billing:xml": lambda s: {"public_id": s.invoice.public_id},
    "billing:credit": lambda s: {"public_id": s.invoice.public_id},
    "billing:api-invoice": lambda s: {"public_id": s.invoice.public_id},
    "billing:api-invoice-pdf": lambda s: {"public_id": s.invoice.public_id},
    "billing:api-invoice-xml": lambda s: {"public_id": s.invoice.public_id},
    "providers:offer-link-act": lambda s: {"token": s.offer_token, "verb": "accepter"},
    "providers:space-answer": lambda s: {"public_id": s.offer.public_id, "verb": "accepter"},
    "providers:space-release": lambda s: {"public_id": s.offer.public_id},
    "providers:space-carry-out": lambda s: {"public_id": s.done.work_orders.get().public_id, "verb": "commencer"},
    **{
        f"notifications:api-webhook-{verb}": lambda s: {"public_id": s.call.endpoint.public_id}
        for verb in ("test", "disable", "deliveries")
    },
    "notifications:api-webhook-replay": lambda s: {"public_id": s.call.public_id},
    "providers:phone": lambda s: {"public_id": s.offer.public_id},
    "providers:inbound-sms": lambda s: {"gateway": "ovh"},
    "providers:resend-offer": lambda s: {"public_id": s.offer.public_id},
    "providers:offer-link-clock": lambda s: {"token": s.offer_token, "verb": "prolonger"},
    "providers:space-clock": lambda s: {"public_id": s.offer.public_id, "verb": "prolonger"},
    "providers:steer-clock": lambda s: {"public_id": s.offer.public_id, "verb": "prolonger"},
    "providers:api-offer-extend": lambda s: {"public_id": s.offer.public_id},
    "providers:api-offer-pause": lambda s: {"public_id": s.offer.public_id},
    "providers:api-offer-resume": lambda s: {"public_id": s.offer.public_id},
    "providers:decide-counter": lambda s: {"public_id": s.counter.public_id, "verb": "accepter"},
    "providers:space-propose": lambda s: {"public_id": s.offer.public_id},
    "providers:proposals-of-request": lambda s: {"token": s.counter.offer.work_order.request.tracking_token},
    "providers:answer-proposal": lambda s: {
        "token": s.counter.offer.work_order.request.tracking_token,
        "public_id": s.counter.public_id,
        "verb": "accepter",
    },
    "providers:api-offer-counter": lambda s: {"public_id": s.offer.public_id},
    "providers:api-counter-approve": lambda s: {"public_id": s.counter.offer.public_id},
    "providers:api-counter-refuse": lambda s: {"public_id": s.counter.offer.public_id},
    "providers:break-promise": lambda s: {"public_id": s.offer.public_id},
    "providers:steer": lambda s: {"public_id": s.cobbling.public_id, "verb": "arreter"},
    "providers:provider": lambda s: {"public_id": s.provider.public_id},
    "providers:agreements": lambda s: {"public_id": s.provider.public_id},
    "providers:feed": lambda s: {"token": s.work_feed_token},
    "providers:statement": lambda s: {"public_id": s.provider.public_id},
    "providers:statement-csv": lambda s: {"public_id": s.provider.public_id},
    "providers:new-agreement": lambda s: {"public_id": s.provider.public_id},
    "providers:agreement": lambda s: {"public_id": s.draft_agreement.public_id},
    "providers:agreement-pdf": lambda s: {"public_id": s.draft_agreement.public_id},
    "providers:space-agreement-pdf": lambda s: {"public_id": s.sent_agreement.public_id},
    "providers:space-agreement": lambda s: {"public_id": s.sent_agreement.public_id},
    "providers:space-agreement-answer": lambda s: {"public_id": s.sent_agreement.public_id, "verb": "signer"},
    "providers:change-agreement": lambda s: {"public_id": s.draft_agreement.public_id, "verb": "abandonner"},
    "providers:edit-provider": lambda s: {"public_id": s.provider.public_id},
    "providers:provider-hours": lambda s: {"public_id": s.provider.public_id},
    "providers:new-document": lambda s: {"public_id": s.provider.public_id},
    "providers:edit-document": _paper_of,
    "providers:remove-document": _paper_of,
    "providers:apply-plan": lambda s: {"public_id": s.run.public_id},
    "providers:invitation": lambda s: {"token": door_of(s.invitation)[0]},
    "providers:invitation-code": lambda s: {"token": door_of(s.invitation)[0]},
    "providers:invitation-renew": lambda s: {"token": door_of(s.invitation)[0]},
    "providers:invitation-not-me": lambda s: {"token": door_of(s.invitation)[0]},
    "providers:invitation-step": lambda s: {"token": door_of(s.invitation)[0], "name": "qui"},
    "providers:invitation-staff": lambda s: {"public_id": s.invitation.public_id},
    "providers:change-invitation": lambda s: {"public_id": s.invitation.public_id, "verb": "renvoyer"},
    "providers:approve-provider": lambda s: {"public_id": s.provider.public_id},
    "providers:document": lambda s: {"public_id": s.provider.public_id, "document": s.sent_paper.public_id},
    "providers:file": lambda s: {"public_id": s.provider.public_id, "document": s.sent_paper.public_id},
    "providers:judge-document": lambda s: {
        "public_id": s.provider.public_id,
        "document": s.sent_paper.public_id,
        "verb": "approuver",
    },
    "providers:space-file": lambda s: {"public_id": s.sent_paper.public_id},
    "providers:space-document-back": lambda s: {"public_id": s.sent_paper.public_id},
    "providers:api-document-file": lambda s: {"public_id": s.announced_paper.public_id},
    "providers:closures": lambda s: {"public_id": s.provider.public_id},
    "providers:provider-places": lambda s: {"public_id": s.provider.public_id},
    "providers:reopen": lambda s: {"public_id": s.provider.public_id, "closure_id": s.away.public_id},
    "providers:space-reopen": lambda s: {"closure_id": s.away.public_id},
    "providers:api-closure-reopen": lambda s: {"public_id": s.away.public_id},
    "providers:partnership": lambda s: {"public_id": s.provider.public_id, "verb": "arreter"},
    "providers:policy": lambda s: {"service": s.world.cobbler.public_id},
    "providers:drop-policy": lambda s: {"service": s.world.cobbler.public_id},
    "providers:create-key": lambda s: {"public_id": s.provider.public_id},
    "providers:api-sandbox-play": lambda s: {"public_id": s.offer.public_id},
    "providers:create-test-key": lambda s: {"public_id": s.provider.public_id},
    "providers:revoke-test-key": lambda s: {"public_id": s.provider.public_id, "key_id": trial_key_of(s)},
    "providers:space-revoke-test-key": lambda s: {"key_id": trial_key_of(s)},
    "providers:revoke-key": lambda s: {"public_id": s.provider.public_id, "key_id": s.provider_key.public_id},
    "notifications:resend": lambda s: {"public_id": s.message.public_id},
    "workers:assign": lambda s: {"work_order": s.ironing.public_id},
    "workers:skill_undo": lambda s: {
        "trainee": s.trainee.public_id,
        "step": s.trainee.skill_steps.latest("pk").public_id,
    },
    "workers:goal_end": lambda s: {"trainee": s.trainee.public_id, "goal": s.trainee.goals.latest("pk").public_id},
    "workers:clearance_remove": lambda s: {
        "trainee": s.trainee.public_id,
        "clearance": s.trainee.clearances.latest("pk").public_id,
    },
    "billing:text": lambda s: {"code": "late_penalties"},
    "billing:take-text-back": lambda s: {"code": "late_penalties"},
    "workers:answer_hours": lambda s: {"verb": "oui"},
    "workers:withdraw-minimum-pay": lambda s: {
        "row": MinimumPay.objects.get(organisation=s.world.organisation).public_id
    },
    "workers:swap_shift": lambda s: {"shift": s.trainee.shifts.get().public_id},
    "workers:answer_swap": lambda s: {"swap": SwapRequest.objects.get(asker=s.trainee).public_id, "verb": "retirer"},
    "workers:decide_swap": lambda s: {"swap": SwapRequest.objects.get(asker=s.trainee).public_id},
    "workers:one_absence": lambda s: _of(s) | {"first": str(s.trainee.absences.get().starts_on)},
    "workers:undo_absence": lambda s: _of(s) | {"first": str(s.trainee.absences.get().starts_on)},
    "workers:end_absence": lambda s: _of(s) | {"first": str(s.trainee.absences.get().starts_on)},
    "workers:undo_my_absence": lambda s: {"first": str(s.trainee.absences.get().starts_on)},
    "workers:check_drops": lambda s: {"item": s.ironing.public_id},
    "workers:month_file": lambda s: {"slug": s.world.site.slug, "kind": "csv"},
    "workers:person_file": lambda s: {"trainee": s.trainee.public_id, "kind": "csv"},
    "workers:appointment": lambda s: _of(s, appointment=s.trainee.appointments.get()),
    "workers:appointment-move": lambda s: _of(s, appointment=s.trainee.appointments.get()),
    "workers:suspend": lambda s: _of(s, pass_id=s.trainee.passes.get()),
    "workers:prolong": lambda s: _of(s, pass_id=s.trainee.passes.get()),
    "workers:lost-suspension": lambda s: _of(s, pass_id=s.trainee.passes.get()),
    "workers:exit-follow-up": lambda s: _of(s, follow_up=_follow_up(s)),
    "workers:pass-cancel": lambda s: _of(s, pass_id=s.trainee.passes.get()),
    "workers:suspension": lambda s: _of(s, entry=s.trainee.passes.get().suspensions.get()),
    "workers:suspension-cancel": lambda s: _of(s, entry=s.trainee.passes.get().suspensions.get()),
    "workers:report": lambda s: _of(s, entry=s.trainee.passes.get().prolongations.get()),
    "workers:prolongation": lambda s: {
        **_of(s, entry=s.trainee.passes.get().prolongations.get()),
        "verb": "accorder",
    },
    "workers:vault-end": lambda s: _of(s, fact=s.trainee.sensitive_facts.get()),
    "revoke-key": lambda s: {"public_id": s.own_key.public_id},
    "api-not-found": lambda s: {"rest": "v1/nowhere"},
}
# What a form must say before its page looks at who asks.
BODIES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "bookings:my-series": lambda s: {"verb": "arreter"},
    "bookings:track-series": lambda s: {"verb": "arreter"},
    "workers:suspension-cancel": lambda s: {"reason": "mistake"},
    "billing:invoice-now": lambda s: {"payer_kind": "client", "payer": s.world.client.public_id},
}
# Beside 2xx: past who asks, to what is asked.
THROUGH = {"302", "303", "400", "409", "410", "415", "422"}
# Nobody gets through, whoever they are: what does not exist, needs a token, or the code of our message first.
CLOSED = {
    "api-not-found",
    "metrics",
    "providers:offer-link-act",
    "providers:offer-link-propose",
    "providers:offer-link-clock",
    "providers:price-link-act",
    "providers:agreement-link-act",
    "providers:inbound-sms",
    "providers:invitation-step",
    "providers:invitation-not-me",
    # Keys of simulated concierges only: tests/providers/test_sandbox.py gets through.
    "providers:api-sandbox-offers",
    "providers:api-sandbox-play",
}
FEW = ("anonymous", "network_head", "elsewhere")
# A prescriber is answered as a client without requests is (column ``other_client``), but for what is theirs.
PRESCRIBER: dict[tuple[str, str], str] = {
    ("bookings:my-companies", "GET"): "404",
    ("bookings:my-companies", "POST"): "404",
    ("bookings:my-details", "GET"): "404",
    ("bookings:my-details", "POST"): "404",
    ("bookings:my-feed", "GET"): "404",
    ("bookings:my-feed", "POST"): "404",
    ("bookings:my-feed-end", "POST"): "404",
    ("bookings:my-people", "GET"): "404",
    ("bookings:my-person-add", "GET"): "404",
    ("bookings:my-person-add", "POST"): "404",
    ("bookings:people", "GET"): "200",
    ("bookings:person", "GET"): "200",
    ("bookings:person-add", "GET"): "200",
    ("bookings:person-add", "POST"): "422",
    ("bookings:person-book", "POST"): "302",
    ("bookings:person-end", "POST"): "302",
}
# Arguments that mean the same everywhere.
BY_NAME: dict[str, Callable[[Scene], Any]] = {
    "slug": lambda s: s.world.site.slug,
    "request_id": lambda s: s.open.public_id,
    "client": lambda s: s.world.client.public_id,
    "trainee": lambda s: s.trainee.public_id,
    "contract": lambda s: s.trainee.contracts.get().public_id,
    "derogation": lambda s: s.trainee.derogations.get().public_id,
    "restriction": lambda s: s.trainee.restrictions.get().public_id,
    "employer": lambda s: s.trainee.contracts.get().employer.public_id,
    "agreement": lambda s: s.trainee.contracts.get().employer.agreements.get().public_id,
    "annex": lambda s: s.trainee.contracts.get().employer.annexes.get().public_id,
    "assignment": lambda s: s.assignment.public_id,
    "call": lambda s: s.help_call.public_id,
    "entry": lambda s: s.entry.public_id,
    "note": lambda s: s.note.public_id,
    "provider": lambda s: s.provider.public_id,
    "offer": lambda s: s.offer.public_id,
    "message": lambda s: s.message.public_id,
    "token": lambda s: s.offer_token,
    "work_order": lambda s: s.cobbling.public_id,
}


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every route of the product with its qualified name."""

    def walk(patterns: list[Any], prefix: str, namespace: str) -> Iterator[tuple[str, URLPattern]]:
        for entry in patterns:
            path = prefix + str(entry.pattern)
            if path.startswith(NOT_OURS):
                continue
            if isinstance(entry, URLPattern):
                yield f"{namespace}:{entry.name}" if namespace else str(entry.name), entry
            else:
                yield from walk(entry.url_patterns, path, entry.namespace or namespace)

    yield from walk(get_resolver().url_patterns, "", "")


def names() -> list[str]:
    """Names of all routes, each once."""
    return sorted({name for name, _pattern in routes()})


def is_api(name: str) -> bool:
    """Whether a route belongs to the API."""
    return ":api-" in name or name in {"openapi", "api-docs", "api-not-found"}


def address(name: str, scene: Scene) -> str:
    """The path of a route that points at things of the scene."""
    if name in ARGUMENTS:
        with tenancy.working_for(scene.world.organisation):
            return reverse(name, kwargs=ARGUMENTS[name](scene))
    pattern = next(found for known, found in routes() if known == name)
    wanted = pattern.pattern.regex.groupindex
    with tenancy.working_for(scene.world.organisation):
        return reverse(name, kwargs={argument: BY_NAME[argument](scene) for argument in wanted})


@pytest.fixture(scope="module")
def signed_in(scene: Scene, elsewhere: World) -> dict[str, str]:
    """The session of each actor but the anonymous one: nobody signs in for every single call."""
    users = {
        **scene.world.users,
        "client": scene.own_client,
        "other_client": scene.other_client,
        "far_concierge": scene.far_concierge,
        "prescriber": scene.prescriber,
        "elsewhere": elsewhere.users[Role.NETWORK_HEAD],
    }
    sessions = {}
    for actor in (*PAGE_ACTORS, "prescriber"):
        if actor != "anonymous":
            browser = _browser(actor, {}, scene, elsewhere)
            browser.force_login(users[actor])
            sessions[actor] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return sessions


def _browser(actor: str, signed_in: dict[str, str], scene: Scene, elsewhere: World) -> Browser:
    host = elsewhere.host if actor == "elsewhere" else scene.world.host
    browser = Browser(raise_request_exception=False, headers={"host": host})
    if actor in signed_in:
        browser.cookies[settings.SESSION_COOKIE_NAME] = signed_in[actor]
    return browser


def _keys(scene: Scene, elsewhere: World) -> dict[str, str]:
    world = scene.world
    return {
        "wrong_key": "cs.sens-pratique.000000000000.nothing",
        "no_scope": world.api_key(Scope.CATALOGUE_READ),
        "organisation_key": world.api_key(),
        "provider_key": world.api_key(provider_id=scene.provider.pk),
        "rival_key": world.api_key(provider_id=scene.rival.pk),
        "elsewhere_key": elsewhere.api_key(),
    }


def ask(
    name: str, method: str, scene: Scene, elsewhere: World, signed_in: dict[str, str], actors: Sequence[str] = ()
) -> dict[str, str]:
    """What each actor is answered; every call is undone before the next."""
    path, answers = address(name, scene), {}
    keys = _keys(scene, elsewhere) if is_api(name) else {}
    with tenancy.working_for(None):
        before = _events()
    for actor in actors or (API_ACTORS if is_api(name) else (*PAGE_ACTORS, "prescriber")):
        with tenancy.working_for(None):
            sid = transaction.savepoint()
            if is_api(name):
                headers = {"Authorization": f"Bearer {keys[actor]}"} if actor in keys else {}
                call = getattr(Browser(raise_request_exception=False, headers=headers), method.lower())
                extra = {} if method == "GET" else {"content_type": "application/json", "data": "{}"}
                response = call(path, headers={"Idempotency-Key": uuid.uuid4().hex, **headers}, **extra)
            else:
                body = BODIES[name](scene) if method == "POST" and name in BODIES else {}
                response = getattr(_browser(actor, signed_in, scene, elsewhere), method.lower())(path, body)
            status = response.status_code
            assert status < 500, f"{actor} {method} {path}: {status}"
            text = str(status)
            if status == 302 and "/compte/login/" in response["Location"]:
                text = "login"
            if text in {"login", "401", "403", "404", "405"}:
                assert _events() == before, f"{actor} was refused at {name} and left a trace"
            transaction.savepoint_rollback(sid)
            answers[actor] = text
    return answers


def _events() -> int:
    from tests.conftest import as_owner

    with as_owner():
        return Event.objects.count()


@pytest.fixture(scope="module")
def scene(db: None) -> Iterator[Scene]:
    """One of everything: every call is undone."""
    world = build_world()
    with tenancy.working_for(world.organisation):
        yield build_scene(world)


@pytest.fixture(scope="module", autouse=True)
def _each_refusal_is_drawn_once() -> Iterator[None]:
    """The page that refuses somebody is the same at every route of a part of the product: its words are drawn for each
    person, part and error once, here where thousands are refused. The status is that of every single answer."""
    drawn: set[tuple[object, ...]] = set()

    def render_once(request: Any, template: str, context: Any = None, *, status: int) -> HttpResponse:
        part = request.path.split("/")[1]
        kind = (template, request.organisation.pk, request.user.pk, part, type(context["error"]), status)
        if kind in drawn:
            return HttpResponse(status=status)
        drawn.add(kind)
        return render(request, template, context, status=status)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("concierge.middleware.render", render_once)
        yield


@pytest.fixture(scope="module")
def elsewhere(scene: Scene) -> World:
    """Another organisation."""
    return build_world(slug="le-coup-de-main", name="Le Coup de main", host="autre.localhost")


@cache
def table() -> dict[tuple[str, str], dict[str, str]]:
    """The committed matrix."""
    with TABLE.open() as file:
        return {
            (row.pop("route"), row.pop("method")): {actor: text for actor, text in row.items() if text}
            for row in csv.DictReader(file)
        }


@pytest.mark.promise("S01", "S03")
def test_every_route_has_its_rows() -> None:
    assert {name for name, _method in table()} == set(names())


@pytest.mark.promise("S01", "S02", "S07")
@pytest.mark.skipif("MATRIX_WRITE" in os.environ, reason="writing the table")
@pytest.mark.parametrize("name", names())
def test_every_actor_gets_the_answer_of_the_matrix(
    name: str, scene: Scene, elsewhere: World, signed_in: dict[str, str]
) -> None:
    start = transaction.savepoint()
    for method in ("GET", "POST"):
        wanted = dict(table()[name, method])
        if not is_api(name):
            wanted["prescriber"] = PRESCRIBER.get((name, method), wanted["other_client"])
        # Where a method is refused whoever asks, three who have least in common speak for all.
        few = FEW if not is_api(name) and all(wanted[actor] == "405" for actor in signed_in) else ()
        asked = ask(name, method, scene, elsewhere, signed_in, few)
        assert asked == {actor: wanted[actor] for actor in asked}, f"{method} {name}"
        assert few or asked.keys() == wanted.keys()
    transaction.savepoint_rollback(start)


@pytest.mark.promise("S01")
def test_every_row_lets_somebody_through() -> None:
    """A row of refusals alone proves nothing: it may point at nothing."""
    useless = [
        (name, method)
        for (name, method), answers in table().items()
        if name not in CLOSED
        and (name, method) not in PRESCRIBER
        and not {text for text in answers.values() if text == "405" or text[0] == "2" or text in THROUGH}
    ]
    assert useless == []


@pytest.mark.timeout(900)
@pytest.mark.skipif("MATRIX_WRITE" not in os.environ, reason="only on demand")
def test_write_the_matrix(scene: Scene, elsewhere: World, signed_in: dict[str, str]) -> None:
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["route", "method", *PAGE_ACTORS, *API_ACTORS], lineterminator="\n")
        writer.writeheader()
        for name in names():
            for method in ("GET", "POST"):
                answers = ask(name, method, scene, elsewhere, signed_in)
                answers.pop("prescriber", None)
                writer.writerow({"route": name, "method": method, **answers})
