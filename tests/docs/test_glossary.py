"""The glossary has a word for everything that people write or read, and each word once."""

import re

from gateway.model import words
from gateway.policy.document import PolicyDocument
from tests.support.pages import page, rows, section

GLOSSARY = "reference/glossary.md"
PROJECT = (
    *("contact", "customer", "connector", "record", "event", "clock", "metric", "calendar", "policy", "decision"),
    *("effect", "notice", "strand", "endpoint", "instance", "chain", "step", "role", "mark", "objective", "ledger"),
    *("judgement", "watermark", "piece", "assembly"),
)


def test_every_metric_has_its_word() -> None:
    """Those that are counted, and no others."""
    assert tuple(rows(section(page(GLOSSARY), "Metrics"))) == words.METRICS


def test_every_section_of_a_policy_has_its_word() -> None:
    """In the order of the file."""
    keys = [info.alias or name for name, info in PolicyDocument.model_fields.items()]

    assert list(rows(section(page(GLOSSARY), "The sections of a policy"))) == keys


def test_the_words_of_the_project_are_told() -> None:
    """Whoever meets one in a message finds it."""
    assert set(PROJECT) - set(rows(page(GLOSSARY))) == set()


def test_each_word_stands_once() -> None:
    """Two meanings of one word would be none."""
    told = re.findall(r"^\| `([^`]+)` \|", page(GLOSSARY), flags=re.MULTILINE)

    assert [word for word in set(told) if told.count(word) > 1] == []


def test_the_index_leads_there() -> None:
    """Nobody has to search for it."""
    assert f"]({GLOSSARY})" in page("index.md")
