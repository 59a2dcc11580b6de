"""What is written is what is read, whatever stands in a text."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra.projecting.tables import TableStore, create_tables, insert_rows
from projections.base import Projection
from tests.servers import TestStore
from tests.unit.test_projecting_cells import ALL, FORM, ROWS, a_row

ODD = "' \" \\ \\' %s %% \0 \n \r \x1a -- /* ; 稟議 🖋 é \\"
PROJECTION = Projection("odd", 1, (ALL,), frozenset(), lambda _: (), lambda _rows, _event: ())


@pytest.fixture
def prepared(store: TestStore) -> TestStore:
    factory = store.factory()
    factory.tracking_recorder()
    with factory.datastore.cursor() as cursor:
        create_tables(cursor, store.views, PROJECTION, 1)
    return store


#: MariaDB's DATETIME is promised from the year 1000 on.
IN_RANGE = ROWS.filter(lambda row: row["instant"] is None or row["instant"].year >= 1000)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(IN_RANGE, max_size=8, unique_by=lambda row: (row["uuid"], row["key"])))
@example([a_row(key=ODD, text=ODD, json={ODD: [ODD, None, 1]})])
def test_whatever_is_written_is_read(prepared: TestStore, rows) -> None:
    with prepared.factories[-1].datastore.transaction() as cursor:
        table = TableStore(FORM, f"{prepared.views}.odd_all_1", 2**24)
        cells = [FORM.stored(row) for row in rows]
        for _ in range(2):  # inserted, then replaced by the same
            table.write(cursor, cells)
        found = [FORM.loaded(each) for each in table.select(cursor, map(FORM.key_of, cells))]
        table.delete(cursor, [FORM.key_of(each) for each in cells])

    def in_order(of):
        return sorted(of, key=lambda row: (row["uuid"], row["key"]))

    assert in_order(found) == in_order(rows)


def test_a_text_ends_no_statement(prepared: TestStore) -> None:
    with prepared.factories[-1].datastore.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {prepared.views}.texts (body LONGTEXT)")
        texts = [(f"'{end}); DROP TABLE {prepared.views}.texts; --",) for end in ("", "'", "\\")]
        insert = f"INSERT INTO {prepared.views}.texts (body) VALUES "
        insert_rows(cursor, insert, texts, "", 2**24)
        cursor.execute(f"SELECT body FROM {prepared.views}.texts")
        assert sorted(cursor.fetchall()) == sorted(texts)
