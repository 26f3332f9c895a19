"""The desk's search: parts of names, addresses and numbers, by an index that works behind row-level security."""

from __future__ import annotations

import pytest
from django.db import connection

from bookings.models import ServiceRequest, WorkOrder
from tests.conftest import as_owner
from tests.world import World

ROWS = 20_000


@pytest.fixture
def many(world: World) -> None:
    """As many requests as a house takes in two years, each of somebody else."""
    model = world.request()
    columns = {field.column or "" for field in ServiceRequest._meta.concrete_fields}
    own = {
        "id": "1000000 + n",
        "public_id": "gen_random_uuid()",
        "reference": "'N' || lpad(n::text, 8, '0')",
        "contact_name": "'Nom ' || md5(n::text)",
        "contact_email": "md5((n + 50000)::text) || '@example.fr'",
        "contact_phone": "'+336' || lpad((n * 7919)::text, 8, '0')",
    }
    names = sorted(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO bookings_servicerequest ({", ".join(names)}) OVERRIDING SYSTEM VALUE
                SELECT {", ".join(own.get(name, f"model.{name}") for name in names)}
                FROM bookings_servicerequest model, generate_series(1, {ROWS}) n WHERE model.id = %s""",
            (model.pk,),
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('request_search')")
        cursor.execute("ANALYZE bookings_servicerequest")


def plan(world: World, text: str) -> str:
    """How PostgreSQL looks for it, as the runtime role."""
    found = ServiceRequest.objects.visible_to(world.actor("concierge")).matching(text)
    return found.order_by("-pk")[:51].explain()


def test_the_search_reads_the_index_and_not_the_table(world: World, many: None) -> None:
    for text in ("c4ca4238", "0dead", "example.f7", "06 12 34 56", "Marie Curie"):
        read = plan(world, text)
        assert "request_search" in read
        assert "Seq Scan on bookings_servicerequest" not in read


def test_without_the_promise_of_the_superuser_it_reads_every_row(world: World, many: None) -> None:
    """The twin: row-level security comes before LIKE, unless LIKE is known to tell nothing."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION pg_catalog.upper(text) NOT LEAKPROOF")
    assert "request_search" not in plan(world, "c4ca4238")


def test_the_search_finds_parts_whole_references_and_numbers(world: World, many: None) -> None:
    one = ServiceRequest.objects.get(reference="N00000001")

    def found(text: str) -> list[str]:
        return list(ServiceRequest.objects.matching(text).order_by("pk").values_list("reference", flat=True))

    assert found("C4CA4238A0B9") == ["N00000001"]
    assert found(one.contact_email[3:20]) == ["N00000001"]
    assert found("n00000001") == ["N00000001"]
    assert found("06 00 00 79 19") == ["N00000001"]
    assert found("100% _") == []
    order = world.request().work_orders.get()
    assert found(order.reference.lower()) == [order.request.reference]
    WorkOrder.objects.filter(pk=order.pk).update(reference="AB60-0000")
    assert found("ab60-0000") == [order.request.reference]  # though many numbers begin with 06 00 00
