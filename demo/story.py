"""The main job, played over HTTP by the people it is made for. A step that does not happen ends the story."""

from __future__ import annotations

import datetime as dt
import email
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from pathlib import Path
from typing import Any, TypeVar

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from demo import data
from demo.browser import Api, Browser, Page, StoryBroken

# The slowest way for news to arrive: the sweep, a minute after the wake-up call was lost.
NEWS = 150.0
OTP_STEP = 30
T = TypeVar("T")
UUID = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"


@dataclass
class Story:
    """What happened so far, and where things are."""

    base: str
    mailbox: Path
    kept: Path
    say: Callable[[str], object]
    started: float = field(default_factory=time.monotonic)
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    facts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, Api] = field(default_factory=dict)
    desk: Browser | None = None

    @property
    def address(self) -> str:
        """The client of this story: a new one each time."""
        return f"camille.{self.name}@courriel.example"

    def note(self, text: str) -> None:
        """One line of the timeline."""
        self.say(f"{time.monotonic() - self.started:6.1f} s  {text}")

    def mail(self, subject: str, *, to: str = "") -> email.message.EmailMessage:
        """Wait for a mail that really arrived by SMTP, with this text in its subject or body."""

        def look() -> email.message.EmailMessage | None:
            for path in sorted(self.mailbox.glob(f"*-{to or self.address}.eml"), reverse=True):
                found = email.message_from_bytes(path.read_bytes(), policy=policy.default)
                if re.search(subject, str(found["Subject"]) + _text(found)):
                    return found
            return None

        return wait_for(look, f"a mail “{subject}” to {to or self.address}")


def _text(message: email.message.EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """Look again and again, for as long as news may take."""
    until = time.monotonic() + NEWS
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > until:
            raise StoryBroken(f"{what} did not come within {NEWS:.0f} s")
        time.sleep(0.5)


def play(story: Story) -> None:
    """The whole main job. Raises ``StoryBroken`` at the first step that did not happen."""
    book(story)
    sign_in_desk(story)
    give_keys(story)
    let_cobblers_answer(story)
    dispatch(story)
    iron(story)
    repair(story)
    check_and_hand_over(story)
    invoice(story)


# --- the client -----------------------------------------------------------------------------------


def book(story: Story) -> None:
    """A client without account books an ironing and a shoe repair, page by page."""
    client = Browser(story.base)
    page = client.get("/reserver/republique/")
    wanted = [_value_of(page, "services", title) for title in ("Repassage", "Réparation de chaussures")]
    page = client.send(page, page.form(has="services"), services=wanted)
    form = page.form(has=next(name for name in _quantities(page)))
    counts = _quantities(page)
    first = {_group(name): name for name in reversed(counts)}
    page = client.send(page, form, (200,), **{name: 3 if name in first.values() else 0 for name in counts})
    form = page.form("", has="slot")
    page = client.send(page, form, slot=_any_of(story, form.choices["slot"]))
    page = client.send(
        page,
        page.form(has="last_name"),
        first_name="Camille",
        last_name="Démo",
        email=story.address,
        phone="06 12 34 56 78",
    )
    story.note("client      books online; a code is mailed to prove the address")
    page = _prove_address(story, client, page)
    page = client.send(page, page.form(has="hold"))
    story.facts["reference"] = page.find(r"<strong>([2-9A-Z]{4}-[2-9A-Z]{4})</strong>")
    story.facts["tracking"] = page.find(r"(https?://[^\"<> ]+/suivi/[^\"<> /]+/)")
    story.note(f"client      confirmed: {story.facts['reference']}  {story.facts['tracking']}")
    story.mail(story.facts["reference"])
    story.note("client      has the confirmation by e-mail")


def _prove_address(story: Story, client: Browser, page: Page) -> Page:
    """Type the code of the newest mail; when it is refused, a newer one is on its way (the form was sent twice)."""
    tried = "none"
    while True:
        six_digits = rf"\b(?!{tried})\d{{6}}\b"
        code = re.search(six_digits, _text(story.mail(six_digits)))
        if code is None:
            raise StoryBroken("the mail with the code has no code")
        page = client.send(page, page.form(has="code"), (200, 400, 409, 422), code=code.group())
        if not any("code" in form.fields for form in page.forms):
            return page
        tried = code.group()


def _any_of(story: Story, slots: list[str]) -> str:
    """A slot of the next days that differs from story to story, so that many may be played on one day."""
    return slots[int(story.name, 16) % len(slots)]


def _value_of(page: Page, name: str, title: str) -> str:
    """The value of the choice card that bears this title."""
    for label in re.findall(r"<label.*?</label>", page.text, re.DOTALL):
        value = re.search(rf'value="{UUID}"', label)
        if title in label and f'name="{name}"' in label and value is not None:
            return value.group(1)
    raise StoryBroken(f"“{title}” cannot be chosen on {page.url}")


def _quantities(page: Page) -> list[str]:
    return [name for form in page.forms for name in form.fields if name.startswith("q-")]


def _group(name: str) -> str:
    return name.split("-")[1]


# --- the desk -------------------------------------------------------------------------------------


def sign_in(story: Story, address: str, *, second_step: bool) -> Browser:
    """Password, then the six digits of the app for staff; a code serves once, so a used one waits for the next."""
    person = Browser(story.base)
    page: Page | None = None
    until = time.monotonic() + NEWS
    while time.monotonic() < until:
        # A lost answer may have changed the session and its token: the person begins again, if they are not in.
        page = page or person.get("/compte/login/")
        if "/compte/login/" in page.url:
            page = person.attempt(page, page.form(has="password"), login=address, password=data.PASSWORD)
        elif second_step and "/2fa/" in page.url:
            code = format_hotp_value(hotp_value(data.TOTP_SECRET, int(time.time()) // OTP_STEP))
            page = person.attempt(page, page.form(has="code"), (200, 400, 422), code=code)
            if page is not None and "/2fa/" in page.url:
                time.sleep(OTP_STEP - time.time() % OTP_STEP + 0.5)
        else:
            return person
    raise StoryBroken(f"{address} cannot sign in: {page.url if page else 'no answer'}")


def sign_in_desk(story: Story) -> None:
    """The dispatcher, with password and second step."""
    story.desk = sign_in(story, "regulation@sens-pratique.example", second_step=True)
    page = story.desk.get(f"/demandes/?q={story.facts['reference']}")
    story.facts["request"] = page.find(rf"/demandes/{UUID}/")
    page = story.desk.get(f"/demandes/{story.facts['request']}/")
    story.facts["orders"] = " ".join(re.findall(r'id="work-([A-Z0-9-]+)"', page.text))
    story.note("desk        signs in with a second step and finds the request")


def _desk(story: Story) -> Browser:
    if story.desk is None:
        raise StoryBroken("nobody is at the desk")
    return story.desk


def give_keys(story: Story) -> None:
    """Two cobblers get an API key each, shown once."""
    head = sign_in(story, "direction@sens-pratique.example", second_step=True)
    for name in ("Cordonnerie du Bourg", "L&#x27;Atelier des semelles"):
        page = head.get("/prestataires/")
        link = page.find(rf"(/prestataires/{UUID[1:-1]}/)[^>]*>(?:(?!</a>).)*?{re.escape(name)}")
        scopes = head.get(link).form("/cles/", has="name").choices.get("scopes", [])
        page = head.press(
            link,
            lambda found: found.form("/cles/", has="name"),
            done=lambda _found: False,  # shown once: whoever missed it makes another
            name=f"Démonstration {story.name}",
            scopes=scopes,
        )
        story.keys[name.replace("&#x27;", "'")] = Api(story.base, page.find(r"(cs\.[a-z0-9-]+\.[0-9a-f]+\.[\w-]+)"))
    story.note(f"management  gives API keys to {' and '.join(story.keys)}")


# --- the cobblers ---------------------------------------------------------------------------------


def let_cobblers_answer(story: Story) -> None:
    """Both want it; the first yes wins, the other is told (R02)."""
    offers: dict[str, Any] = {}

    def look() -> dict[str, Any] | None:
        for name, api in story.keys.items():
            for offer in api.call("GET", "offers?status=sent")["results"]:
                if offer["reference"] in story.facts["orders"]:
                    offers.setdefault(name, offer)
        return offers if len(offers) == len(story.keys) else None

    wait_for(look, "an offer for both cobblers")
    first, second = story.keys
    story.note(f"provider    {first} and {second} both have the offer, without the client's name")
    accepted = story.keys[first].call(
        "POST", f"offers/{offers[first]['id']}/accept", key=f"accept-{story.name}", body={}
    )
    story.facts["repair"] = accepted["work_order"]
    refused = story.keys[second].call(
        "POST", f"offers/{offers[second]['id']}/accept", key=f"accept-{story.name}", body={}, expect=(409,)
    )
    story.note(f"provider    {first} accepts by the API; {second} is told: {refused['title']}")
    story.facts["cobbler"] = first
    story.mail(first)
    story.note("client      is told who has the shoes")


def repair(story: Story) -> None:
    """The cobbler starts and completes through the API and now sees whom it is for."""
    api = story.keys[story.facts["cobbler"]]
    order = api.call("GET", f"work-orders/{story.facts['repair']}")
    if "Démo" not in str(order["client"]):
        raise StoryBroken("the cobbler cannot see for whom the accepted work is")
    for verb in ("start", "complete"):
        api.call("POST", f"work-orders/{story.facts['repair']}/{verb}", key=f"{verb}-{story.name}", body={})
    story.note("provider    starts and completes the repair by the API")


# --- the team -------------------------------------------------------------------------------------


def dispatch(story: Story) -> None:
    """The dispatcher gives the ironing to Amina, who has the skill."""
    desk = _desk(story)
    page = desk.get(f"/demandes/{story.facts['request']}/")
    order = page.find(rf"work={UUID}")
    day = page.find(r"day=(\d{4}-\d\d-\d\d)")
    board = f"/affectations/?site=republique&day={day}"
    page = desk.get(f"{board}&work={order}")
    reference = page.find(rf"({'|'.join(story.facts['orders'].split())})")
    page = desk.press(
        f"{board}&work={order}", lambda found: _candidate(found, "Amina"), done=lambda found: not found.has("/donner/")
    )
    shown = re.search(rf"/affectations/{UUID}/retirer/", page.text)
    story.facts["assignment"] = shown.group(1) if shown else _card_of(desk, board, reference)
    story.note("desk        gives the ironing to Amina, seeing why she fits")


def _card_of(desk: Browser, board: str, reference: str) -> str:
    """The assignment of a work order, found by opening the cards of the day."""
    for card in dict.fromkeys(re.findall(rf"card={UUID}", desk.get(board).text)):
        if reference in desk.get(f"{board}&card={card}").text:
            return str(card)
    raise StoryBroken(f"{reference} is on nobody's day: {board}")


def _candidate(page: Page, first_name: str) -> Any:
    """The form of the candidate with this first name: the first after the name."""
    trainees = re.findall(rf'name="trainee" value="{UUID}"(?:(?!</form>).)*?{first_name}', page.text, re.DOTALL)
    for form in page.forms:
        if trainees and form.fields.get("trainee") == [trainees[0]]:
            return form
    raise StoryBroken(f"{first_name} cannot be chosen on {page.url}")


def iron(story: Story) -> None:
    """Amina presses Start, then Done, on her phone."""
    phone = sign_in(story, "amina@sens-pratique.example", second_step=False)
    page = phone.get("/ma-journee/")
    card = story.facts["assignment"]
    token = page.form("/compte/logout").fields["csrfmiddlewaretoken"]
    for verb in ("vu", "commencer", "terminer"):
        form = next((f for f in page.forms if f"{card}/{verb}/" in f.action), None)
        if form is None and verb == "vu":
            continue
        page = phone.send(
            page, form or type(page.forms[0])(f"/ma-journee/{card}/{verb}/", "post", {"csrfmiddlewaretoken": token})
        )
    story.note("trainee     Amina presses Start and Done on her phone")


# --- the end --------------------------------------------------------------------------------------


def check_and_hand_over(story: Story) -> None:
    """The supervisor checks Amina's work, the desk the shoes; the client collects."""
    supervisor = sign_in(story, "lambert@sens-pratique.example", second_step=True)
    _press(supervisor, "/affectations/a-valider/", f"{story.facts['assignment']}/valider/")
    story.note("supervisor  checks Amina's work")
    desk = _desk(story)
    address = f"/demandes/{story.facts['request']}/"
    _press(desk, address, f"{story.facts['repair']}/valider/")
    story.mail("(?i)prête|ready")
    story.note("client      is told that everything is ready")
    _press(desk, f"{address}remettre/", "remettre")
    story.note("desk        hands over; the request is closed")


def _press(person: Browser, address: str, action: str) -> Page:
    """Press a button that goes away once it has worked."""
    return person.press(address, lambda page: page.form(action), done=lambda page: not page.has(action))


def invoice(story: Story) -> None:
    """The accountant invoices now; the PDF arrives by e-mail."""
    accountant = sign_in(story, "compta@sens-pratique.example", second_step=True)
    _press(accountant, f"/factures/demande/{story.facts['request']}/", "facturer")
    message = story.mail(r"F20\d\d-\d{6}")
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content.startswith(b"%PDF-"):
            story.kept.mkdir(parents=True, exist_ok=True)
            path = story.kept / (part.get_filename() or "invoice.pdf")
            path.write_bytes(content)
            story.facts["invoice"] = str(path)
            story.note(f"client      has the invoice by e-mail: {path}")
            return
    raise StoryBroken("the invoice came without its PDF")


def environment() -> tuple[str, Path, Path]:
    """Where the running system is: its address, its mailbox, and where to keep the invoice."""
    mailbox = Path(os.environ["MAILBOX_DIR"])
    return os.environ["BASE_URL"], mailbox, mailbox.parent / "demo" / f"{dt.date.today():%Y-%m-%d}"  # noqa: DTZ011 - a folder name
