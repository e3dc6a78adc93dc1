"""What a turn says about whom."""

import pytest

from antiphon.memory.facts import FACTS_MAX, facts_of
from antiphon.memory.values import Draft, Turn


def said(text: str, speaker: str = "Otto") -> list[Draft]:
    return facts_of(Turn(id="1", speaker=speaker, text=text, said_at="2025-03-01T10:00:00"))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("I just moved to Berlin last month and I love it.", ("Otto", "lives in", "Berlin")),
        ("My sister lives in Porto with her husband.", ("Otto's sister", "lives in", "Porto")),
        ("Anna works at Acme as a designer.", ("Anna", "works at", "Acme")),
        ("My favourite food is ramen these days.", ("Otto", "favourite food", "ramen")),
        ("We've changed our meeting room to B12.", ("Otto", "meeting room", "B12")),
        ("My new phone number is 555 0199.", ("Otto", "phone number", "555 0199")),
        ("My dentist is Dr. Ray.", ("Otto", "dentist", "Dr. Ray")),
        ("I'm 34 years old.", ("Otto", "age", "34")),
        ("My older sister is 31.", ("Otto's older sister", "age", "31")),
        ("My son Tom turned 7 today.", ("Tom", "age", "7")),
        ("Anna is 40.", ("Anna", "age", "40")),
        ("My phone number is 040 123456.", ("Otto", "phone number", "040 123456")),
        ("My house number is 12.", ("Otto", "house number", "12")),
        ("The wifi password is now swordfish.", ("everyone", "wifi password", "swordfish")),
        ("I've been working for Siemens since 2019", ("Otto", "works at", "Siemens")),
    ],
)
def test_a_fact_has_its_subject_named(text: str, fact: tuple[str, str, str]) -> None:
    assert fact in [(draft.subject, draft.relation, draft.object) for draft in said(text)]


def test_a_fact_holds_since_the_time_it_names() -> None:
    (draft, *_) = said("I moved to Berlin last month.")
    assert draft.valid_from == "2025-02-01"
    assert draft.single


def test_what_used_to_be_is_over() -> None:
    assert [(draft.object, draft.ended) for draft in said("I used to live in Rome.")] == [("Rome", True)]


@pytest.mark.parametrize(
    "text",
    [
        "My phone number is 040 123456.",
        "My house number is 12.",
        "My locker code is 123.",
        "My shoe size is 43.",
        "Room is 12.",
        "I am 040 123456.",
        "I was 12.5 km away.",
    ],
)
def test_a_number_is_not_an_age(text: str) -> None:
    assert "age" not in [draft.relation for draft in said(text)]


@pytest.mark.parametrize("text", ["Do you live in Rome?", "That is great!", "It's not here.", "", "?"])
def test_questions_and_small_talk_state_nothing(text: str) -> None:
    assert said(text) == []


def test_a_text_of_facts_gives_no_more_than_the_bound() -> None:
    assert len(said(" ".join(f"I bought a boat{place}." for place in range(100)))) == FACTS_MAX


def told(text: str, speaker: str = "Maya", to: str = "Otto") -> list[tuple[str, str, str]]:
    turn = Turn(id="1", speaker=speaker, text=text, said_at="2025-03-01T10:00:00", to=to)
    return [(draft.subject, draft.relation, draft.object) for draft in facts_of(turn)]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("Your dog is called Rufus.", ("Otto's dog", "is called", "Rufus")),
        ("your dog is called Rufus", ("Otto's dog", "is called", "Rufus")),
        ("You told me you live in Oslo.", ("Otto", "lives in", "Oslo")),
        ("You said that you have a dog.", ("Otto", "has", "dog")),
        ("So you live in Oslo, then.", ("Otto", "lives in", "Oslo")),
        ("Welcome back, your name is Otto Berg.", ("Otto", "name", "Otto Berg")),
        ("You live in Oslo and your dog is called Rufus.", ("Otto's dog", "is called", "Rufus")),
        ("Your sister Ana lives in Porto.", ("Ana", "lives in", "Porto")),
        ("Your new phone number is 555 0199.", ("Otto", "phone number", "555 0199")),
        ("Your favourite food is ramen.", ("Otto", "favourite food", "ramen")),
        ("You're 34 years old.", ("Otto", "age", "34")),
    ],
)
def test_you_is_the_other_one(text: str, fact: tuple[str, str, str]) -> None:
    assert fact in told(text)
    assert "Maya" not in " ".join(subject for subject, _, _ in told(text))


def test_you_is_the_other_one_whichever_of_the_two_speaks() -> None:
    found = told("Your restaurant is The Olive Tree.", speaker="Otto", to="Maya")
    assert found == [("Maya", "restaurant", "Olive Tree")]


@pytest.mark.parametrize(
    "text", ["Your dog is called Rufus.", "You told me you live in Oslo.", "Your name is Bo."]
)
def test_you_is_nobody_where_it_is_not_known_who_is_told(text: str) -> None:
    assert told(text, to="") == []


@pytest.mark.parametrize(
    "text",
    [
        "Is your dog called Rufus?",
        "Is your dog called Rufus.",
        "So do you live in Oslo",
        "You live in Oslo, don't you.",
        "You live in Oslo, right",
        "Your dog is called Rufus, is that right",
        "If you live in Oslo, take the tram.",
        "Maybe you live in Oslo.",
        "You live in Oslo or in Bergen.",
        "I wish you lived in Oslo.",
        "Your table is ready.",
        "Your students are doing so well.",
        "I'm glad your writing is going well.",
        "You have a nice day.",
        "You are 12 on the list.",
    ],
)
def test_what_is_asked_supposed_or_said_of_the_moment_is_no_fact_about_you(text: str) -> None:
    assert told(text) == []
