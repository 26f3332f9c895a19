"""Categories of the catalogue on their page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from bookings.models import ServiceCategory
from bookings.views import categories
from concierge.models import Event
from tests.forms import as_shown
from tests.world import World

pytestmark = pytest.mark.django_db
TYPED = {"name": "Couture", "name_en": "Sewing", "pictogram": "mending", "position": "2", "code": "couture"}


def test_a_manager_adds_a_category_and_changes_how_it_reads(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    assert "/catalogue/categories/" in client.get("/catalogue/").content.decode()
    assert client.post("/catalogue/categories/", TYPED).status_code == 302
    made = ServiceCategory.objects.get(code="couture")
    assert (made.name, made.name_en, made.pictogram, made.position) == ("Couture", "Sewing", "mending", 2)
    listed = client.get("/catalogue/categories/").context["categories"]
    assert [(one.code, one.active) for one in listed] == [("repassage", 1), ("cordonnerie", 1), ("couture", 0)]
    path = f"/catalogue/categories/{made.public_id}/"
    changed = {**TYPED, "name": "Retouches", "position": "0", "code": "autre"}
    assert client.post(path, changed).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.position, made.code) == ("Retouches", 0, "couture")
    assert client.post(path, changed).status_code == 302
    events = Event.objects.filter(name__startswith="category.").order_by("pk").values_list("name", "actor", "data")
    by = world.actor("site_manager").reference
    assert list(events) == [
        ("category.added", by, {}),
        ("category.changed", by, {"changed": ["name", "position"]}),
    ]


def test_what_somebody_else_saved_meanwhile_stays(world: World, client: Browser) -> None:
    client.force_login(world.users["site_manager"])
    known = world.ironing.category
    path = f"/catalogue/categories/{known.public_id}/"
    shown = as_shown(client.get(path))
    ServiceCategory.objects.filter(pk=known.pk).update(position=7, name_en="Ironing board")
    assert client.post(path, {**shown, "name": "Repassage soigné"}).status_code == 302
    known.refresh_from_db()
    assert (known.name, known.name_en, known.position) == ("Repassage soigné", "Ironing board", 7)
    assert client.post(path, {**as_shown(client.get(path)), "name_en": ""}).status_code == 302
    known.refresh_from_db()
    assert (known.name, known.name_en, known.position) == ("Repassage soigné", "", 7)


def test_the_list_asks_as_many_questions_for_three_categories_as_for_one(
    world: World, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(world.users["site_manager"])
    client.post("/catalogue/categories/", TYPED)
    client.get("/catalogue/categories/")
    counted = {}
    for number in (3, 1):
        monkeypatch.setattr(categories, "PAGE", number)
        with CaptureQueriesContext(connection) as counted[number]:
            listed = client.get("/catalogue/categories/").context["categories"]
        assert len(listed) == number
    assert len(counted[3]) == len(counted[1])


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "repassage"), ("code", "à part"), ("name", ""), ("pictogram", "dragon"), ("position", "-1")],
)
def test_what_is_wrong_is_said_at_its_field(world: World, client: Browser, field: str, value: str) -> None:
    client.force_login(world.users["network_head"])
    answer = client.post("/catalogue/categories/", {**TYPED, field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert ServiceCategory.objects.count() == 2


def test_the_desk_reads_the_catalogue_and_changes_no_category(world: World, client: Browser) -> None:
    client.force_login(world.users["concierge"])
    assert client.post("/catalogue/categories/", TYPED).status_code == 403
    known = world.ironing.category
    assert client.post(f"/catalogue/categories/{known.public_id}/", {**TYPED, "name": "X"}).status_code == 403
    known.refresh_from_db()
    assert (known.name, ServiceCategory.objects.count()) == ("Repassage", 2)
