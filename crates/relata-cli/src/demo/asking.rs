//! Runs the typed queries and shows each with its own source.

use std::time::Instant;

use relata::Db;
use relata_sql::{DatabaseUrl, Result};

use super::stage::Stage;
use super::{QUERIES, queries};
use crate::output::Grid;

/// Runs every query; its source is shown above its rows.
///
/// # Errors
/// As the database reports them.
pub async fn ask(stage: &mut Stage<'_>, url: &DatabaseUrl) -> Result<()> {
    stage.step("Typed queries, with relations");
    let mut db = Db::open(&url.expose()).await?;

    let question = Question::new(stage, &db, "most_albums");
    let mut grid = Grid::new(&["artist", "albums"]).numbers(&[1]);
    for (artist, albums) in queries::most_albums(&mut db).await? {
        grid.push([artist.unwrap_or_default(), albums.to_string()]);
    }
    question.answer(stage, &db, &grid);

    let question = Question::new(stage, &db, "longest_tracks");
    let mut grid = Grid::new(&["album", "artist", "longest tracks"]);
    for (album, artist, tracks) in queries::longest_tracks(&mut db, "Iron Maiden").await? {
        grid.push([album, artist.unwrap_or_default(), tracks.join(", ")]);
    }
    question.answer(stage, &db, &grid);

    let question = Question::new(stage, &db, "revenue");
    let mut grid = Grid::new(&["country", "invoices", "revenue"]).numbers(&[1, 2]);
    for (country, invoices, total) in queries::revenue(&mut db).await? {
        grid.push([country.unwrap_or_default(), invoices.to_string(), format!("{:.2}", total.unwrap_or_default())]);
    }
    question.answer(stage, &db, &grid);

    let question = Question::new(stage, &db, "in_playlists");
    let mut grid = Grid::new(&["track", "playlists"]);
    for (track, playlists) in queries::in_playlists(&mut db, "Kurt Cobain").await? {
        let mut names: Vec<_> = playlists.into_iter().flatten().collect();
        names.dedup();
        grid.push([track, names.join(", ")]);
    }
    question.answer(stage, &db, &grid);
    Ok(())
}

/// A query that is being run.
struct Question {
    started: Instant,
    statements: u64,
}

impl Question {
    fn new(stage: &Stage<'_>, db: &Db, name: &str) -> Self {
        stage.code(&source_of(name));
        Question { statements: db.statement_count(), started: Instant::now() }
    }

    fn answer(self, stage: &Stage<'_>, db: &Db, grid: &Grid) {
        let statements = db.statement_count() - self.statements;
        let rows = grid.rows.len();
        stage.done(
            &format!("{rows} rows by {statements} {}", if statements == 1 { "statement" } else { "statements" }),
            self.started,
        );
        stage.table(grid);
    }
}

/// The source of a query, with its comment.
fn source_of(name: &str) -> String {
    let head = format!("pub async fn {name}(");
    let functions = QUERIES.split("\n\n").filter(|function| function.contains(&head));
    functions.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_has_a_source_to_show() {
        for name in ["most_albums", "longest_tracks", "revenue", "in_playlists"] {
            let source = source_of(name);
            assert!(source.starts_with("///") && source.ends_with('}') || source.ends_with("}\n"), "{source}");
        }
    }
}
