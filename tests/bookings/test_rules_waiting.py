"""Whose turn it is: every state of a request and of its work orders, one answer each."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.enums import (
    REQUEST_CATEGORY,
    WORK_ORDER_CATEGORY,
    HoldReason,
    RequestStatus,
    WorkOrderStatus,
)
from bookings.rules.waiting import (
    PAUSES,
    REQUESTS,
    RUNNING,
    STEPS,
    WORK,
    WORK_STEPS,
    Case,
    Holder,
    Next,
    Step,
    Wait,
    Work,
    latest_overdue,
    path_of,
    wait_of,
    wait_of_work,
    working_days_after,
)
from bookings.views.waits import NEXT, STEP

MONDAY = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
OVER = {"closed", "cancelled", "declined", "expired"}


def work(status: str, **more: object) -> Work:
    return Work(status=status, promised_start=MONDAY + DAY, promised_end=MONDAY + 3 * DAY, **more)  # type: ignore[arg-type]


def case(status: str, *works: Work, **more: object) -> Case:
    given = {"promised_start": MONDAY + DAY, "promised_end": MONDAY + 3 * DAY, "since": MONDAY, **more}
    return Case(status=status, works=works, **given)  # type: ignore[arg-type]


def ask(
    status: str, *works: Work, now: dt.datetime = MONDAY, **more: object
) -> tuple[str, str, str, dt.datetime | None]:
    found = wait_of(case(status, *works, **more), now)
    return found.holder, found.role, found.next, found.due


def test_the_tables_know_every_state_and_no_other() -> None:
    assert {*REQUESTS, *RUNNING, "on_hold"} == set(RequestStatus.values)
    assert {*STEPS, "on_hold"} == set(RequestStatus.values)
    assert set(WORK) == set(WORK_STEPS) == set(WorkOrderStatus.values)
    assert set(PAUSES) == set(HoldReason.values)
    assert (set(NEXT), set(STEP)) == (set(Next), set(Step))


@pytest.mark.parametrize(
    ("status", "holder", "role", "next_step", "due"),
    [
        ("submitted", "team", "concierge", "look_at_it", MONDAY + DAY),
        ("qualifying", "team", "concierge", "decide", MONDAY + 2 * DAY),
        ("awaiting_client", "client", "", "answer", MONDAY + 7 * DAY),
        ("awaiting_approval", "client", "", "answer_quote", MONDAY + 7 * DAY),
        ("fulfilled", "client", "", "collect", MONDAY + 14 * DAY),
        ("partially_fulfilled", "team", "concierge", "call_client", MONDAY + DAY),
        ("closed", "nobody", "", "", None),
        ("cancelled", "nobody", "", "", None),
        ("declined", "nobody", "", "", None),
        ("expired", "nobody", "", "", None),
    ],
)
def test_a_state_that_speaks_for_itself(
    status: str, holder: str, role: str, next_step: str, due: dt.datetime | None
) -> None:
    assert ask(status, told=None) == (holder, role, next_step, due)


@pytest.mark.parametrize(
    ("found", "holder", "role", "next_step", "due"),
    [
        (work("ready"), "team", "dispatcher", "plan", MONDAY + DAY),
        (work("offering"), "provider", "", "accept", MONDAY + DAY),
        (work("needs_dispatch"), "team", "dispatcher", "find_somebody", MONDAY + DAY),
        (work("booked", with_provider=True), "client", "", "bring", MONDAY + DAY),
        (work("scheduled"), "client", "", "bring", MONDAY + DAY),
        (work("booked", with_provider=True, leg="collect"), "team", "dispatcher", "carry_there", MONDAY + 3 * DAY),
        (work("in_progress", with_provider=True), "provider", "", "finish", MONDAY + 3 * DAY),
        (work("in_progress"), "team", "supervisor", "finish", MONDAY + 3 * DAY),
        (work("on_hold", with_provider=True), "provider", "", "resume", MONDAY + 3 * DAY),
        (work("completed", with_provider=True), "team", "concierge", "check", MONDAY + 3 * DAY),
        (work("completed"), "team", "supervisor", "check", MONDAY + 3 * DAY),
        (work("completed", with_provider=True, leg="return"), "team", "dispatcher", "carry_back", MONDAY + 3 * DAY),
        (work("rework", with_provider=True), "provider", "", "do_again", MONDAY + 3 * DAY),
        (work("verified"), "team", "concierge", "close", MONDAY + DAY),
        (work("failed"), "team", "concierge", "close", MONDAY + DAY),
        (work("cancelled"), "team", "concierge", "close", MONDAY + DAY),
    ],
)
def test_a_running_request_waits_for_its_work(
    found: Work, holder: str, role: str, next_step: str, due: dt.datetime
) -> None:
    assert ask("confirmed", found) == (holder, role, next_step, due)


@pytest.mark.promise("domain R7")
@pytest.mark.parametrize("status", ["booked", "in_progress"])
def test_what_is_ordered_ahead_is_to_be_fetched_and_nothing_brought(status: str) -> None:
    ordered = work(status, is_ordered_ahead=True)
    assert ask("confirmed", ordered) == ("client", "", "collect", MONDAY + 3 * DAY)


def test_what_was_to_be_brought_is_with_the_doer_once_the_hour_has_come() -> None:
    late = MONDAY + DAY + HOUR
    assert ask("confirmed", work("booked", with_provider=True, provider="Monge"), now=late)[:3] == (
        "provider",
        "",
        "start",
    )
    assert ask("confirmed", work("scheduled"), now=late)[:3] == ("team", "supervisor", "start")
    assert ask("confirmed", work("booked"), place="home")[:3] == ("team", "supervisor", "start")


def test_the_most_pressing_work_speaks_for_the_request() -> None:
    found = wait_of(case("in_progress", work("in_progress", key=1), work("needs_dispatch", key=2)), MONDAY)
    assert (found.work, found.next, found.step) == (2, "find_somebody", "in_hand")
    # The same hour: what nobody holds yet comes first.
    both = wait_of(case("confirmed", work("offering", key=1), work("needs_dispatch", key=2)), MONDAY)
    assert both.work == 2


@pytest.mark.parametrize(
    ("reason", "holder", "next_step"),
    [
        ("client", "client", "answer"),
        ("material", "material", "receive_material"),
        ("access", "client", "give_access"),
        ("ours", "team", "resume"),
    ],
)
def test_what_is_held_says_why_and_when_somebody_looks_again(reason: str, holder: str, next_step: str) -> None:
    held = case("on_hold", work("in_progress"), held_from="in_progress", reason=reason, told=MONDAY + 5 * DAY)
    found = wait_of(held, MONDAY)
    assert (found.holder, found.next, found.due, found.reason, found.step, found.is_paused) == (
        holder,
        next_step,
        MONDAY + 5 * DAY,
        reason,
        "in_hand",
        True,
    )
    assert not found.breaks_promise(MONDAY + 4 * DAY)
    assert found.is_late(MONDAY + 6 * DAY)
    assert wait_of_work(held.works[0], held, MONDAY).holder == holder


def test_a_name_is_given_only_for_who_has_the_ball() -> None:
    with_monge = work("in_progress", with_provider=True, provider="Cordonnerie Monge")
    assert wait_of(case("in_progress", with_monge), MONDAY).provider == "Cordonnerie Monge"
    back = work("completed", with_provider=True, provider="Cordonnerie Monge")
    assert wait_of(case("in_progress", back), MONDAY).provider == ""


def test_at_home_nothing_is_handed_over() -> None:
    assert path_of("home") == [Step.RECEIVED, Step.AGREED, Step.IN_HAND, Step.READY]
    assert len(path_of("desk")) == 5
    assert ask("fulfilled", place="home")[:3] == ("team", "concierge", "close")


moments = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: MONDAY + dt.timedelta(minutes=minutes))
works = st.builds(
    Work,
    status=st.sampled_from(WorkOrderStatus.values),
    promised_start=moments,
    promised_end=moments,
    with_provider=st.booleans(),
    leg=st.sampled_from(["", "collect", "return"]),
    key=st.integers(1, 5),
)
cases = st.builds(
    Case,
    status=st.sampled_from(RequestStatus.values),
    since=moments,
    place=st.sampled_from(["desk", "home"]),
    promised_start=st.none() | moments,
    promised_end=st.none() | moments,
    told=st.none() | moments,
    held_from=st.sampled_from([*RUNNING, *REQUESTS]),
    reason=st.sampled_from(HoldReason.values),
    works=st.lists(works, max_size=4),
)


def is_whole(wait: Wait, is_open: bool) -> bool:
    """Open: an owner, a next step and a time. Over: none of them."""
    owned = wait.holder != Holder.NOBODY and (wait.holder != Holder.TEAM or bool(wait.role))
    return (owned, bool(wait.next), wait.due is not None) == ((is_open,) * 3)


@given(cases, moments)
def test_nothing_open_is_without_owner_next_step_and_time(found: Case, now: dt.datetime) -> None:
    """Managed silence (lifecycles.md 2.0.4): whatever the state of a request and its work orders."""
    assert is_whole(wait_of(found, now), found.status not in OVER)
    for one in found.works:
        ended = WORK_ORDER_CATEGORY[one.status] in {"done", "failed", "cancelled"}
        assert is_whole(wait_of_work(one, found, now), not ended)


@given(cases, moments)
def test_what_is_over_is_what_reports_count_as_over(found: Case, now: dt.datetime) -> None:
    ended = REQUEST_CATEGORY[found.status] == "cancelled" or found.status == "closed"
    assert wait_of(found, now).is_open is not ended


@pytest.mark.parametrize(
    ("moment", "days", "later"),
    [
        ("2026-11-23 09:00", 1, "2026-11-24 09:00"),
        ("2026-11-27 20:00", 1, "2026-11-30 20:00"),
        ("2026-11-28 10:00", 1, "2026-12-01 00:00"),
        ("2026-11-29 10:00", 2, "2026-12-02 00:00"),
        ("2026-11-23 09:00", 10, "2026-12-07 09:00"),
    ],
)
def test_working_days(moment: str, days: int, later: str) -> None:
    read = lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)  # noqa: E731 - two letters shorter
    assert working_days_after(read(moment), days, dt.UTC) == read(later)


PARIS, MARTINIQUE, REUNION = (ZoneInfo(name) for name in ("Europe/Paris", "America/Martinique", "Indian/Reunion"))


@pytest.mark.promise("R38")
@pytest.mark.parametrize(
    ("zone", "moment", "days", "later"),
    [
        # Sunday 23:30 in Dijon is Sunday in UTC too; Monday 0:30 in Dijon is still Sunday there.
        (PARIS, "2026-11-29 23:30", 1, "2026-12-01 00:00"),
        (PARIS, "2026-11-30 00:30", 1, "2026-12-01 00:30"),
        # Friday evening in Fort-de-France is Saturday in UTC; Saturday morning in Saint-Denis is Friday.
        (MARTINIQUE, "2026-11-27 21:00", 1, "2026-11-30 21:00"),
        (REUNION, "2026-11-28 02:00", 1, "2026-12-01 00:00"),
        # Ten in the morning stays ten when the clock changes.
        (PARIS, "2027-03-26 10:00", 1, "2027-03-29 10:00"),
    ],
)
def test_working_days_are_those_of_the_site(zone: ZoneInfo, moment: str, days: int, later: str) -> None:
    read = lambda text: dt.datetime.fromisoformat(text).replace(tzinfo=zone)  # noqa: E731 - as above
    assert working_days_after(read(moment), days, zone) == read(later)


@given(moments, moments, st.integers(1, 12), st.sampled_from([dt.UTC, PARIS, MARTINIQUE, REUNION]))
def test_a_search_by_the_last_news_finds_what_the_rule_calls_overdue(
    since: dt.datetime, now: dt.datetime, days: int, zone: dt.tzinfo
) -> None:
    assert (since < latest_overdue(now, days, zone)) == (working_days_after(since, days, zone) < now)
