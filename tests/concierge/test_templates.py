"""Templates and front-end sources: what the content policy, the lock file and a reader without JavaScript rely on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.test import RequestFactory
from django_cotton import render_component

ROOT: Path = settings.BASE_DIR
PAGES = sorted(path for path in (ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates" / "cotton").glob("*.html"))
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}", re.DOTALL)


@pytest.mark.promise("S23")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_has_nothing_inline(path: Path) -> None:
    """The content policy would drop it silently, in production only."""
    source = COMMENT.sub("", path.read_text())
    assert re.findall(r"""\sstyle=|\son[a-z]+=["']|<style|javascript:|hx-on""", source) == []
    assert re.findall(r"<script(?![^>]*(src=|application/json))[^>]*>", source) == []


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_component_says_how_to_use_it(path: Path) -> None:
    tag = path.stem.replace("_", "-")
    assert path.read_text().startswith("{% comment %}"), "describe the properties at the top"
    assert f"<c-{tag}" in path.read_text().split("{% endcomment %}")[0]


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_component_is_listed_in_the_guide(path: Path) -> None:
    inside_layouts = {"site-header", "site-footer", "language-switcher", "user-menu", "nav-link"}
    tag = path.stem.replace("_", "-")
    assert tag in inside_layouts or f"<c-{tag}" in (ROOT / "docs" / "components.md").read_text()


def test_pictograms_named_in_the_guide_exist() -> None:
    guide = (ROOT / "docs" / "components.md").read_text()
    named = re.search(r"^Pictograms: (.+)\.$", guide, re.MULTILINE)
    assert named is not None
    drawn = {path.stem for path in (ROOT / "concierge" / "static" / "concierge" / "pictograms").glob("*.svg")}
    assert set(named[1].split(", ")) == drawn


def test_lock_file_names_no_registry() -> None:
    """An install asks whatever registry the machine is set to, never the one of whoever locked."""
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name and not package.get("inBundle")}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if "integrity" not in package] == []


class Sample(forms.Form):
    """One field of each kind that the pages use."""

    email = forms.EmailField(label="E-mail", help_text="We write there.")
    note = forms.CharField(label="Note", required=False)
    payer = forms.ChoiceField(label="Payer", choices=[("me", "Me"), ("work", "Work")], widget=forms.RadioSelect)


def test_field_ties_label_help_and_error_together() -> None:
    html = Sample({"email": "x"})["email"].as_field_group()
    assert '<label class="field-label" for="id_email">' in html
    assert 'id="id_email_helptext"' in html
    assert 'id="id_email_error"' in html
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'aria-invalid="true"' in html


def test_radio_buttons_are_a_fieldset_with_a_legend() -> None:
    html = Sample({"email": "a@b.fr"})["payer"].as_field_group()
    assert '<fieldset class="fieldset" id="id_payer" aria-describedby="id_payer_error">' in html
    assert html.count('<label class="choice"') == 2


def test_error_summary_leads_to_each_field() -> None:
    request = RequestFactory().get("/")
    html = render_component(request, "error_summary", form=Sample({}))
    assert re.findall(r'href="#(\w+)"', html) == ["id_email", "id_payer"]
    assert "UNDEFINED" not in html
    assert "error-summary" not in render_component(request, "error_summary", form=Sample())


def test_server_error_page_needs_no_request() -> None:
    """A bug may have broken anything: this page asks for nothing (S40)."""
    html = render_to_string("errors/500.html")
    assert "Une erreur de notre côté" in html
    assert "Something went wrong on our side" in html


def test_mail_layout_escapes_names() -> None:
    html = render_to_string("emails/base.mjml", {"organisation": {"name": "<b>Aide & Co", "phone": "", "email": ""}})
    assert "&lt;b&gt;Aide &amp; Co" in html
    assert "<b>Aide" not in html
