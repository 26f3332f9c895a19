"""Agreements by the API: an organisation reads all of its own, a provider what it was sent."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from providers.actions.agreements import agree_service, draft_agreement, withdraw_agreement
from providers.models import Provider
from tests.providers.conftest import add_provider
from tests.providers.signing import sent_agreement, signed_by_both
from tests.providers.test_agreements import TODAY, terms
from tests.providers.test_api import Api, api_of
from tests.world import World

AGREEMENTS = "/api/v1/agreements"


@pytest.fixture
def alone(world: World) -> Provider:
    return add_provider(world, price=None)


def ids(api: Api, query: str = "") -> set[str]:
    return {row["id"] for row in api.get(AGREEMENTS + query).json()["results"]}


@pytest.mark.promise("domain R33", "S36")
def test_each_key_reads_its_own(world: World, alone: Provider) -> None:
    by = world.actor()
    paper = agree_service(alone, world.cobbler, valid_from=TODAY, by=by)
    sent = sent_agreement(alone, world, first_day=TODAY)
    draft = draft_agreement(alone, world.cobbler, terms(), by=by)
    dropped = withdraw_agreement(draft_agreement(alone, world.cobbler, terms(), by=by), by=by)
    of_another = sent_agreement(add_provider(world, price=None), world, first_day=TODAY)
    mine, ours = api_of(alone), Api(world.api_key())
    assert ids(mine) == {str(one.public_id) for one in (paper, sent)}
    assert ids(ours) == {str(one.public_id) for one in (paper, sent, draft, dropped, of_another)}
    assert ids(ours, "?status=draft") == {str(draft.public_id)}
    for one in (draft, dropped, of_another):
        assert mine.get(f"{AGREEMENTS}/{one.public_id}").status_code == 404
    assert api_of(alone, "offers:read").get(AGREEMENTS).status_code == 403


@pytest.mark.promise("domain R33")
def test_what_is_agreed_is_told_whole(world: World, alone: Provider) -> None:
    agreement = signed_by_both(sent_agreement(alone, world, first_day=TODAY, notice_hours=24), world)
    said = api_of(alone).get(f"{AGREEMENTS}/{agreement.public_id}").json()
    signatures = said.pop("signatures")
    assert [(one["side"], one["name"]) for one in signatures] == [
        ("theirs", "Sophie Aubert"),
        ("ours", "Sophie Aubert"),
    ]
    assert said.pop("sent_at")
    assert said == {
        "id": str(agreement.public_id),
        "provider": str(alone.public_id),
        "provider_name": alone.name,
        "service": world.cobbler.code,
        "service_name": world.cobbler.name,
        "status": "signed",
        "category": "done",
        "kind": "commission",
        "purchase_price": None,
        "commission_percent": "15.00",
        "commission_fixed": None,
        "invoicing": "provider_to_us",
        "vat_rate": None,
        "notice_hours": 24,
        "cancel_hours": 0,
        "valid_from": "2026-11-23",
        "valid_to": None,
        "text": agreement.content["text"],
        "seal": agreement.seal,
    }


def test_as_many_queries_for_one_as_for_three(world: World, alone: Provider) -> None:
    api, counts = api_of(alone), list[int]()
    assert ids(api) == set()  # the first call of a key notes that it is used
    for number in (1, 2):
        for _n in range(number):
            sent_agreement(alone, world, first_day=TODAY)
        with CaptureQueriesContext(connection) as queries:
            assert len(ids(api)) == number * (number + 1) // 2
        counts.append(len(queries))
    assert counts[0] == counts[1]
