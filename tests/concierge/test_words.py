"""Amounts and days as people write them, the same on pages, in mails and in documents."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation

from concierge import words
from tests.world import World

N = "\u202f"


@pytest.mark.parametrize(
    ("language", "amount", "digits", "written"),
    [
        ("fr", "1234567.5", 2, f"1{N}234{N}567,50{N}€"),
        ("fr", "-3", 2, f"−3,00{N}€"),
        ("fr", "0.0325", 4, f"0,0325{N}€"),
        ("en", "1234.5", 2, "€1,234.50"),
        ("en", "-3", 2, "−€3.00"),
    ],
)
def test_an_amount_never_breaks_at_the_end_of_a_line(language: str, amount: str, digits: int, written: str) -> None:
    with translation.override(language):
        assert words.euros(amount, digits) == written
        assert Template("{% load words %}{{ x|euros:d }}").render(Context({"x": amount, "d": digits})) == written


@pytest.mark.parametrize(("language", "rate", "written"), [("fr", "5.50", f"5,5{N}%"), ("en", "20.00", "20%")])
def test_a_rate_has_no_useless_zeros(language: str, rate: str, written: str) -> None:
    with translation.override(language):
        assert words.percent(rate) == written


@pytest.mark.parametrize(
    ("language", "form", "first", "eleventh"),
    [
        ("fr", "l j F", "mardi 1er décembre", "vendredi 11 décembre"),
        ("fr", "DATE_FORMAT", "1er décembre 2026", "11 décembre 2026"),
        ("fr", "D j N", "mar 1er déc.", "ven 11 déc."),
        ("fr", "SHORT_DATE_FORMAT", "01/12/2026", "11/12/2026"),
        ("en", "l j F", "Tuesday 1 December", "Friday 11 December"),
    ],
)
def test_the_first_of_a_month_has_its_own_form_in_french(language: str, form: str, first: str, eleventh: str) -> None:
    with translation.override(language):
        assert words.date_words(dt.date(2026, 12, 1), form) == first
        assert words.date_words(dt.date(2026, 12, 11), form) == eleventh


@pytest.mark.parametrize(
    ("minutes", "written"), [(0, "0 min"), (45, "45 min"), (90, "1 h 30"), (125, "2 h 05"), (180, "3 h")]
)
def test_a_duration_is_written_in_hours(minutes: int, written: str) -> None:
    assert words.duration_words(minutes) == written.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("language", "annex", "month"), [("fr", f"1{N}505", f"1{N}628\u00a0h"), ("en", "1,505", "1,628\u00a0h")]
)
def test_thousands_are_told_apart(language: str, annex: str, month: str) -> None:
    with translation.override(language):
        assert words.figures(Decimal("1505.00")) == annex
        assert words.duration_words(1628 * 60) == month


def test_the_filter_reads_a_moment_in_the_zone_of_the_page() -> None:
    late = dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC)
    with timezone.override("Europe/Paris"):
        assert Template("{% load words %}{{ at|day }}").render(Context({"at": late})) == "1er décembre 2026"


def test_a_moment_is_read_in_the_zone_of_its_site(world: World) -> None:
    at = dt.datetime(2026, 11, 30, 23, 30, tzinfo=dt.UTC)
    assert words.moment_words(at, world.site) == "mardi 1er décembre à 00:30"
    assert words.short_moment_words(at, world.site) == "mar 1er déc. 00:30"


def test_no_template_writes_days_or_amounts_by_itself() -> None:
    """``|date:"j F"`` knows no "1er", and a bare € may stand alone at the start of a line."""
    careless = re.compile(r'\|date:"[^"]*(?<![\\\w-])j\b|\|date:"DATE|floatformat[^}]*\}\}[^<]{0,8}€')
    pages = [*(settings.BASE_DIR / "templates").rglob("*.html"), *(settings.BASE_DIR / "templates").rglob("*.mjml")]
    assert [str(page) for page in pages if careless.search(page.read_text(encoding="utf-8"))] == []
