"""Follow-up notes about a person: read by their own supervisor, their own social adviser and themself."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from concierge.errors import DomainError
from concierge.words import date_words
from workers.actions.notes import correct_note, write_note
from workers.forms import NoteForm
from workers.models import ProgressNote, Trainee
from workers.perms import can_write_notes
from workers.views.common import acting, require, trainee_or_404
from workers.views.person_tabs import head_of

# Notes on a page.
PAGE = 20


@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: HttpRequest, trainee: uuid.UUID) -> HttpResponse:
    """What was written about a person, and the form of one more."""
    found = trainee_or_404(acting(request), trainee)
    require(can_write_notes(acting(request), found))
    if request.method != "POST":
        return _page(request, found, NoteForm())
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    write_note(found, form.cleaned_data["text"], by=acting(request))
    messages.success(request, _("Saved."))
    return redirect("workers:notes", trainee=found.public_id)


@require_POST
def correct(request: HttpRequest, note: uuid.UUID) -> HttpResponse:
    """A new version of one's own note."""
    actor = acting(request)
    found = get_object_or_404(ProgressNote.objects.visible_to(actor).select_related("trainee__site"), public_id=note)
    require(can_write_notes(actor, found.trainee) and actor.user is not None and found.author_id == actor.user.pk)
    form = NoteForm(request.POST, auto_id=f"note-{found.public_id}-%s")
    try:
        if form.is_valid():
            correct_note(found, form.cleaned_data["text"], by=actor)
            messages.success(request, _("Corrected. The first version is kept."))
            return redirect("workers:notes", trainee=found.trainee.public_id)
    except DomainError as error:
        # What was typed stays, at the version that is there now.
        while (newer := ProgressNote.objects.filter(replaces=found).first()) is not None:
            found = newer
        form = NoteForm(request.POST, auto_id=f"note-{found.public_id}-%s")
        return _page(request, found.trainee, NoteForm(), wrong=(found.pk, form), error=error, status=error.status)
    return _page(request, found.trainee, NoteForm(), wrong=(found.pk, form), status=422)


def _page(
    request: HttpRequest,
    trainee: Trainee,
    form: NoteForm,
    *,
    wrong: tuple[int, NoteForm] | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    actor = acting(request)
    visible = ProgressNote.objects.visible_to(actor).filter(trainee=trainee)
    page = Paginator(visible.current().select_related("author", "replaces"), PAGE).get_page(request.GET.get("page"))
    own = actor.user.pk if actor.user else None
    lines: list[dict[str, Any]] = [
        {
            "public_id": note.public_id,
            "day": date_words(note.written_on, "j F Y"),
            "author": str(note.author or ""),
            "text": note.text,
            "before": note.replaces.text if note.replaces else "",
            "is_corrected": note.replaces is not None,
            "form": wrong[1] if wrong and wrong[0] == note.pk else _form_of(note) if note.author_id == own else None,
            "is_open": bool(wrong and wrong[0] == note.pk),
        }
        for note in page
    ]
    context = {
        "name": str(trainee),
        "trainee": trainee.public_id,
        **head_of(request, trainee),
        "notes": lines,
        "form": form,
        "error": error,
        "previous": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "next": f"?page={page.next_page_number()}" if page.has_next() else "",
    }
    return render(request, "workers/notes.html", context, status=status)


def _form_of(note: ProgressNote) -> NoteForm:
    return NoteForm(initial={"text": note.text}, auto_id=f"note-{note.public_id}-%s")
