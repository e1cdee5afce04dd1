//! What the embedded DynamoDB's stream needs to stay usable, done in its file beside it.
//!
//! For every item that is written it asks SQLite for the stream's last sequence number, without an index: each write
//! reads all that was ever written. Measured with transactions of 50 items: 10 ms at the start, 135 ms after 20,000
//! records (400 accounts), and rising; with the index 6.5 ms throughout. And it keeps the records for ever, where
//! DynamoDB keeps them for a day.
//!
//! Both statements do nothing but speed up and sweep; should a later version of it have other tables, they fail and all
//! else goes on.

use rusqlite::Connection;

/// On the expression that it asks for, word by word, or SQLite would not use it.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS _usher_stream_order
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Sequence numbers go on all the same: they follow the clock.
const SWEEP: &str = "DELETE FROM _stream_records WHERE created_at < unixepoch() - 24 * 60 * 60";

/// Makes the index and sweeps, in the database at this path or URI, which may be open.
pub fn tend(place: &str) -> rusqlite::Result<()> {
    let connection = Connection::open(place)?;
    connection.execute(INDEX, [])?;
    connection.execute(SWEEP, [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use dynoxide::Database;

    use super::*;

    /// As the embedded DynamoDB asks (`Storage::next_stream_sequence_number`).
    const ASKED: &str = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                         FROM _stream_records WHERE table_name = 'usher'";

    #[test]
    fn the_last_sequence_number_is_found_by_the_index() {
        let (_directory, file) = file();
        for place in ["file:plan?mode=memory&cache=shared".to_owned(), file] {
            let _database = Database::new(&place).unwrap();
            tend(&place).unwrap();
            tend(&place).unwrap();
            let connection = Connection::open(&place).unwrap();
            let plan: String = connection.query_row(ASKED, [], |row| row.get("detail")).unwrap();
            assert!(plan.contains("INDEX _usher_stream_order"), "{plan}");
        }
    }

    #[test]
    fn records_older_than_a_day_are_swept() {
        let (_directory, place) = file();
        let _database = Database::new(&place).unwrap();
        let connection = Connection::open(&place).unwrap();
        for hours in [25, 23] {
            let record = format!(
                "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                 VALUES ('usher', '{hours}', '', '1', '', unixepoch() - {hours} * 3600)"
            );
            connection.execute(&record, []).unwrap();
        }
        tend(&place).unwrap();
        let left = connection.query_row("SELECT group_concat(event_name) FROM _stream_records", [], |row| {
            row.get(0)
        });
        assert_eq!(left, Ok("23".to_owned()));
    }

    fn file() -> (tempfile::TempDir, String) {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("test.sqlite").to_string_lossy().into_owned();
        (directory, place)
    }
}
