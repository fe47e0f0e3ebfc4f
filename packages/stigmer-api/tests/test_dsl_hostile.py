"""Documents that somebody wrote to hurt: an error each, in bounded memory, and never the end of the process."""

from __future__ import annotations

import threading
import tracemalloc

import pytest

from stigmer_api.dsl.definition import read_text
from stigmer_api.dsl.loader import MAX_POINTER, refuse_excess
from stigmer_api.dsl.problems import MAX_MESSAGE, MAX_NOTED, DocumentInvalidError

HEAD = "document: {dsl: '1.0.3', namespace: tests, name: flow, version: 1.0.0}\n"
EXPRESSION = HEAD + "do: [{a: {set: '${ %s }'}}]"

HOSTILE = {
    "deep list": "[" * 100_000,
    "deep map": "{a: " * 50_000,
    "deep blocks": "- " * 50_000,
    "keys of keys": "? " * 50_000,
    "endless": "a: &a [*a]",
    "tags": "!" * 100_000,
    "documents": "---\n" * 10_000,
    "zero byte": "a: \0",
    "huge number": "a: " + "9" * 100_000,
    "half a character": "\ud800",
    "parentheses": EXPRESSION % ("(" * 100_000),
    "lists in jq": EXPRESSION % ("[" * 50_000 + "]" * 50_000),
    "pipes": EXPRESSION % (".|" * 50_000 + "."),
    "definitions": EXPRESSION % ("def f: " * 20_000),
    "question marks": EXPRESSION % ("." + "?" * 50_000),
    "long keys": HEAD + "? " + "k" * 100_000 + "\n: {" + ", ".join(f"k{i}: 1" for i in range(2_000)) + "}",
    "many long names": HEAD + "do:\n" + "".join(f"- a{i}: {{set: {{}}, then: x{i}}}\n" for i in range(2_000)),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_document_is_an_error_even_in_a_thread(text: str) -> None:
    outcome: list[BaseException] = []

    def check() -> None:
        try:
            read_text(text)
        except DocumentInvalidError as error:
            outcome.append(error)

    thread = threading.Thread(target=check)
    thread.start()
    thread.join(60)
    [error] = outcome
    assert isinstance(error, DocumentInvalidError)
    assert len(error.problems) <= MAX_NOTED + 1
    assert all(len(problem.message) <= MAX_MESSAGE + 3 for problem in error.problems)


def test_long_keys_around_many_values_do_not_multiply() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DocumentInvalidError, match="longer than 2000 characters together"):
            read_text(HOSTILE["long keys"])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000  # one pointer per value would be 200 megabytes


def test_what_nobody_will_read_is_counted_and_not_listed() -> None:
    with pytest.raises(DocumentInvalidError) as found:
        read_text(HOSTILE["many long names"])
    assert found.value.problems[-1].message == "... and 1500 more problems"
    assert "and 1983 more" in found.value.problems[0].message


def test_values_that_are_no_text_have_the_same_limits() -> None:
    deep: object = 1
    for _ in range(200):
        deep = [deep]
    for value in (deep, {"k" * (MAX_POINTER + 1): 1}, [0] * 100_001):
        with pytest.raises(DocumentInvalidError):
            refuse_excess(value)
