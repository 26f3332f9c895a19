"""Every verb that writes is told who acts: the history has no change without an author."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from concierge import tenancy
from concierge.actions import give_role, open_organisation
from concierge.enums import Role
from concierge.models import Event
from tests.world import World

ROOT = Path(__file__).parent.parent.parent
APPS = ("bookings", "providers", "workers", "billing", "notifications")

# Written by the machine itself, on the way to something that an actor asked for and that is recorded there.
NOBODY = {
    # Before the organisation exists nobody is anybody in it: the installation's administrator opens it.
    "concierge.open_organisation",
    "concierge.open_with_head",
    # What became of an account is the account's; `role.given` tells who asked.
    "concierge.forget_the_unproved",
    # Nobody is in a sandbox, and nothing of it is kept: its machine acts, told by a test key.
    "concierge.drop_sandbox",
    "providers.sandbox.send_offer",
    "providers.sandbox.play",
    # Queues: claimed, tried again, ended. What left is `message.*` and `invoice.rendered`.
    "billing.documents.claim_drawing",
    "billing.documents.note_render_failure",
    "bookings.quote_documents.claim_quote_drawing",
    "bookings.quote_documents.note_drawing_failure",
    "billing.documents.mark_sent",
    "bookings.waitlist.hand_out",
    "notifications.sending.claim_next",
    "notifications.sending.note_sent",
    "providers.reach.refresh_reach",
    # Roads, measured ahead of whoever will search.
    "providers.roads.keep_ways",
    "providers.breakers.note_failure",
    "notifications.sending.note_unneeded",
    "notifications.webhooks.claim_delivery",
    "notifications.webhooks.note_answer",
}


def verbs() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every public function of the actions that opens a transaction."""
    files = [("concierge", ROOT / "concierge/actions.py")]
    for app in APPS:
        files += [(f"{app}.{path.stem}", path) for path in sorted((ROOT / app / "actions").glob("*.py"))]
    for room, path in files:
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(ast.unparse(one) == "transaction.atomic" for one in node.decorator_list):
                yield f"{room}.{node.name}", node


def test_every_verb_is_told_who_acts() -> None:
    found = dict(verbs())
    assert len(found) > 60
    silent = {name for name, node in found.items() if "by" not in [one.arg for one in node.args.kwonlyargs]}
    assert silent == NOBODY


def test_an_organisation_and_a_role_are_in_the_history(world: World) -> None:
    by = world.actor("network_head")
    give_role("new@example.org", role=Role.DISPATCHER, organisation=world.organisation, site=world.site, by=by)
    told = Event.objects.get(name="role.given")
    assert (told.actor, told.data["role"], told.data["site"]) == (by.reference, "dispatcher", world.site.slug)
    assert "new@example.org" not in str(told.data)
    opened = open_organisation(name="Été", slug="ete", hosts=["ete.example"])
    with tenancy.working_for(opened):
        assert Event.objects.get().name == "organisation.opened"
