"""What one statement does to the facts that are known: support, supersede, end; and forgetting undoes it."""

import sqlite3

from antiphon.memory.values import Draft, Turn

Superseded = tuple[str, str, str, str]
"""Of what no longer holds: a turn that says it, the one that superseded it, the relation and the object."""
_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"


def state(connection: sqlite3.Connection, turn: Turn, row: int, draft: Draft) -> None:
    """Write one fact: support what is known already, supersede what it replaces.

    What somebody says of themselves is not superseded by what they are told of themselves, and not made surer
    by their hearing it again.
    """
    subject = _resolved(connection, draft.subject)
    holding = connection.execute(
        "SELECT id, object, valid_from, source, speaker FROM fact WHERE subject = ? AND relation = ? "
        "AND persona = ? AND superseded_at = '' AND valid_to = ''",
        (subject, draft.relation, turn.persona),
    ).fetchall()
    folded = draft.object.casefold()
    known = [fact for fact, object_, *_ in holding if object_.casefold() == folded or not folded]
    own = [object_.casefold() for _, object_, _, _, speaker in holding if speaker == draft.told]
    if draft.told and ((draft.single and folded not in own and own) or (draft.ended and folded in own)):
        return
    if draft.ended:
        for fact in known:
            _supersede(connection, fact, draft.valid_from, row)
        if known or not folded:
            return
    elif known:
        if not draft.told:
            connection.execute(
                "UPDATE fact SET confidence = 1 - (1 - confidence) * (1 - ?) WHERE id = ?",
                (draft.confidence, known[0]),
            )
        connection.execute("INSERT OR IGNORE INTO support VALUES (?, ?)", (known[0], row))
        return
    fact = connection.execute(
        "INSERT INTO fact (subject, relation, object, valid_from, valid_to, source, speaker, confidence, "  # noqa: S608 - no outside text
        f"persona, recorded_at, superseded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, {_NOW}, '')",
        (
            subject,
            draft.relation,
            draft.object,
            "" if draft.ended else draft.valid_from,
            "",
            row,
            turn.speaker,
            draft.confidence,
            turn.persona,
        ),
    ).lastrowid
    connection.execute("INSERT INTO support VALUES (?, ?)", (fact, row))
    if draft.ended:
        # Nobody else's word ended it: it was over when it was said.
        _supersede(connection, int(fact or 0), draft.valid_from, None)
    elif draft.single:
        of_self = draft.subject == turn.speaker or draft.subject.startswith(f"{turn.speaker}'s ")
        weighty = [each for each in holding if not of_self or each[-1] == turn.speaker]
        later = [(since, source) for _, _, since, source, _ in weighty if since > draft.valid_from > ""]
        if later:  # learned late, and no longer true by then
            _supersede(connection, int(fact or 0), *min(later))
        else:
            for old, *_ in holding:
                _supersede(connection, old, draft.valid_from, row)


def _supersede(connection: sqlite3.Connection, fact: int, since: str, by: int | None) -> None:
    connection.execute(
        f"UPDATE fact SET valid_to = ?, superseded_at = {_NOW}, superseded_by = ? WHERE id = ?",  # noqa: S608 - no outside text
        (since, by, fact),
    )


def outdated(connection: sqlite3.Connection, after: int) -> list[Superseded]:
    """Of what was superseded by turns after row `after`, or only learned after it."""
    return connection.execute(
        "SELECT turn.id, later.id, relation, object FROM fact JOIN support ON support.fact = fact.id "
        "JOIN turn ON turn.row = support.turn JOIN turn AS later ON later.row = fact.superseded_by "
        "WHERE fact.superseded_by > ?1 OR (fact.source > ?1 AND fact.superseded_by IS NOT NULL)",
        (after,),
    ).fetchall()


def outdated_by(connection: sqlite3.Connection, row: int) -> list[Superseded]:
    """As `outdated`, of what was superseded by the turn in `row`, or first said in it."""
    return connection.execute(
        "SELECT turn.id, later.id, relation, object FROM fact JOIN support ON support.fact = fact.id "
        "JOIN turn ON turn.row = support.turn JOIN turn AS later ON later.row = fact.superseded_by "
        "WHERE fact.superseded_by = ?1 OR (fact.source = ?1 AND fact.superseded_by IS NOT NULL)",
        (row,),
    ).fetchall()


def _resolved(connection: sqlite3.Connection, name: str) -> str:
    """The one name of whoever is called `name`; a new entity when nobody is."""
    found = connection.execute(
        "SELECT entity.name FROM alias JOIN entity ON entity.id = alias.entity WHERE alias.alias = ?",
        (name.casefold(),),
    ).fetchone()
    if found is not None:
        return found[0]
    nickname = connection.execute(
        # "Mel" is Melanie, and "Anna" is Anna Berg, as long as there is only one of them.
        "SELECT entity.name, entity.id FROM alias JOIN entity ON entity.id = alias.entity "
        "WHERE length(?1) >= 3 AND instr(?1, ' ') = 0 AND alias.alias > ?1 "
        "AND alias.alias < ?1 || char(1114111) "
        "AND instr(alias.alias, '''') = 0 GROUP BY entity.id LIMIT 2",
        (name.casefold(),),
    ).fetchall()
    if len(nickname) == 1:
        connection.execute("INSERT INTO alias VALUES (?, ?)", (name.casefold(), nickname[0][1]))
        return nickname[0][0]
    entity = connection.execute("INSERT INTO entity (name) VALUES (?)", (name,)).lastrowid
    connection.execute("INSERT INTO alias VALUES (?, ?)", (name.casefold(), entity))
    return name


def forgotten(connection: sqlite3.Connection, id_: str) -> int:
    """Delete this turn and what rests on it alone; 1 if it was known."""
    found = connection.execute("SELECT row FROM turn WHERE id = ?", (id_,)).fetchone()
    if found is None:
        return 0
    row = found[0]
    # What it had superseded holds again, unless what it said in its place has been superseded since.
    for fact, *after in connection.execute(
        "SELECT old.id, coalesce(new.valid_to, ''), coalesce(new.superseded_at, ''), new.superseded_by "
        "FROM fact AS old LEFT JOIN fact AS new ON new.source = ?1 AND new.subject = old.subject "
        "AND new.relation = old.relation AND new.persona = old.persona WHERE old.superseded_by = ?1",
        (row,),
    ).fetchall():
        connection.execute(
            "UPDATE fact SET valid_to = ?, superseded_at = ?, superseded_by = ? WHERE id = ?", (*after, fact)
        )
    rested = connection.execute("SELECT fact FROM support WHERE turn = ?", (row,)).fetchall()
    connection.execute("DELETE FROM support WHERE turn = ?", (row,))
    for (fact,) in rested:
        (left,) = connection.execute("SELECT min(turn) FROM support WHERE fact = ?", (fact,)).fetchone()
        if left is None:
            connection.execute("DELETE FROM fact WHERE id = ?", (fact,))
        else:
            connection.execute("UPDATE fact SET source = ? WHERE id = ?", (left, fact))
    connection.execute("DELETE FROM turn WHERE row = ?", (row,))
    return 1


def forget_names(connection: sqlite3.Connection) -> None:
    """Entities of which no fact is left."""
    connection.execute("DELETE FROM entity WHERE name NOT IN (SELECT subject FROM fact)")
    connection.execute("DELETE FROM alias WHERE entity NOT IN (SELECT id FROM entity)")
