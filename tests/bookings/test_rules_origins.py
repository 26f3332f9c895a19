"""Origins that may show the widget: what is accepted is exactly what a browser compares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules.origins import MOST_ORIGINS, BadOrigin, clean_origin, clean_origins


@pytest.mark.promise("S52")
@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("https://intranet.example.org", "https://intranet.example.org"),
        (" HTTPS://Intranet.Example.ORG/ ", "https://intranet.example.org"),
        ("https://example.org:443", "https://example.org"),
        ("https://example.org:8443", "https://example.org:8443"),
        ("https://*.intranet.example.org", "https://*.intranet.example.org"),
        ("https://xn--caf-dma.example", "https://xn--caf-dma.example"),
    ],
)
def test_an_origin_in_one_spelling(typed: str, clean: str) -> None:
    assert clean_origin(typed) == clean


@pytest.mark.promise("S52")
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("http://example.org", "not_https"),
        ("http://localhost:9000", "not_https"),
        ("https://*", "too_broad"),
        ("*", "shape"),
        ("https:", "shape"),
        ("'self'", "shape"),
        ("https://*.org", "too_broad"),
        ("https://*.example.org", "too_broad"),
        ("https://*.co.uk", "too_broad"),
        ("https://in*.a.example.org", "shape"),
        ("https://a.*.example.org", "shape"),
        ("https://example.org/page", "shape"),
        ("https://user@example.org", "shape"),
        ("https://example.org:99999", "port"),
        ("https://example.org:0", "shape"),
        ("https://example", "shape"),
        ("https://192.168.1.1", "shape"),
        ("https://example.org; script-src *", "shape"),
        ("https://example.org https://other.org", "shape"),
        ("https://example.org\nhttps://other.org", "shape"),
        ("https://-a.example.org", "shape"),
        ("https://café.example.org", "shape"),
        ("https://" + "a." * 60 + "org", "shape"),
        ("javascript:alert(1)", "shape"),
        ("data:text/html,x", "shape"),
    ],
)
def test_what_is_no_origin(typed: str, why: str) -> None:
    with pytest.raises(BadOrigin) as refused:
        clean_origin(typed)
    assert refused.value.why == why


def test_this_machine_in_development_only() -> None:
    assert clean_origin("http://localhost:9000", local=True) == "http://localhost:9000"
    assert clean_origin("http://127.0.0.1:80", local=True) == "http://127.0.0.1"
    with pytest.raises(BadOrigin):
        clean_origin("http://localhost.example.org", local=True)


def test_each_once_and_not_too_many() -> None:
    assert clean_origins(["https://b.example", "", "https://a.example", "https://B.example/"]) == [
        "https://b.example",
        "https://a.example",
    ]
    many = [f"https://a{n}.example" for n in range(MOST_ORIGINS + 1)]
    assert clean_origins(many[1:]) == many[1:]
    with pytest.raises(BadOrigin) as refused:
        clean_origins(many)
    assert refused.value.why == "too_many"


@given(st.text(max_size=60))
def test_nothing_but_an_origin_reaches_the_header(text: str) -> None:
    try:
        clean = clean_origin(f"https://{text}")
    except BadOrigin:
        return
    assert not set(clean) & set(" ;,'\"\n\r\t")
    assert clean_origin(clean) == clean
