"""What counts as a secret in a text: the value and what encodings make of it."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from stigmer_api.secret_forms import base64_forms, text_forms

SECRET = 'p4ss/wörd "&+ <x>'


@pytest.mark.parametrize(
    "encoded",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(json.dumps(SECRET)[1:-1])[1:-1],
        repr(SECRET)[1:-1],
        html.escape(SECRET),
        SECRET.encode().hex(),
    ],
)
def test_an_encoded_value_is_a_form(encoded: str) -> None:
    assert encoded in {*text_forms(SECRET), *(form.lower() for form in text_forms(SECRET))}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_wherever_the_value_stands_in_it(before: str, encode: object) -> None:
    assert callable(encode)
    text = encode(f"{before}{SECRET}, and more".encode()).decode()
    assert any(form in text for form in base64_forms(SECRET))


def test_the_telling_lines_of_a_key_are_forms_by_themselves() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nshort\n-----END KEY-----\n"
    forms = set(text_forms(key))
    assert {key, "MIIEvQIBADANBgkqhkiG"} <= forms
    assert not {"short", "-----BEGIN KEY-----"} & forms


def test_a_value_that_is_no_text_has_forms_too() -> None:
    assert "\ud800secret" in set(text_forms("\ud800secret"))
    assert list(base64_forms("\ud800secret"))
