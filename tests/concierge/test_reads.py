"""Statements that are written once read anew each time, under the tenant of the moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from concierge import tenancy
from concierge.api.keys import new_key
from concierge.models import ApiClient, IdempotencyRecord, Organisation, Site
from concierge.reads import Reading
from tests.world import World

SITES = Reading(lambda given: Site.objects.filter(**given).order_by("pk"), "slug", "postcode")


def test_a_reading_says_what_the_queryset_says(world: World) -> None:
    with CaptureQueriesContext(connection) as said:
        by_reading = SITES.all(slug="republique", postcode="21000")
        by_queryset = list(Site.objects.filter(slug="republique", postcode="21000").order_by("pk"))
    assert by_reading == by_queryset == [world.site]
    assert len({query["sql"] for query in said}) == 1
    names = [field.attname for field in Site._meta.concrete_fields]
    assert [getattr(by_reading[0], name) for name in names] == [getattr(world.site, name) for name in names]


def test_values_are_converted_as_the_orm_does(world: World) -> None:
    """JSON, bytes, moments: each column type that the kernel reads this way."""
    _key, prefix, digest = new_key(world.organisation)
    made = ApiClient.objects.create(
        organisation=world.organisation, name="test", prefix=prefix, secret_hash=digest, scopes=["a", "b"]
    )
    client = Reading(lambda given: ApiClient.objects.filter(**given), "prefix").first(prefix=prefix)
    assert client is not None
    assert (client.scopes, client.public_id, client.created_at) == (["a", "b"], made.public_id, made.created_at)
    record = IdempotencyRecord.objects.create(
        organisation=world.organisation,
        principal="api:x",
        key="k",
        endpoint="POST /",
        request_hash=digest,
        status=201,
        content_type="application/json",
        body=b"{}",
        headers={"ETag": "1"},
    )
    found = Reading(lambda given: IdempotencyRecord.objects.filter(**given), "key").first(key="k")
    assert found is not None
    assert (bytes(found.body), found.headers, found.pk) == (b"{}", {"ETag": "1"}, record.pk)
    assert isinstance(found.created_at, dt.datetime)


def test_sql_is_written_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading(lambda given: Organisation.objects.filter(**given), "slug")
    written: list[Any] = []
    as_sql = SQLCompiler.as_sql

    def count(compiler: Any, *given: Any, **options: Any) -> Any:
        written.append(compiler)
        return as_sql(compiler, *given, **options)

    monkeypatch.setattr(SQLCompiler, "as_sql", count)
    assert [reading.first(slug=slug) for slug in (world.organisation.slug, "none")] == [world.organisation, None]
    assert len(written) == 1


def test_rows_are_read_anew_under_the_tenant_of_the_moment(world: World, other_world: World) -> None:
    assert SITES.all(slug="republique", postcode="21000") == [world.site]
    with tenancy.working_for(other_world.organisation):
        assert SITES.all(slug="republique", postcode="21000") == [other_world.site]
    Site.objects.update(postcode="21100")
    assert SITES.first(slug="republique", postcode="21000") is None
