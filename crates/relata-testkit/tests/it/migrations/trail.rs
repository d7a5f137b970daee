//! The trail: what was done, by whom, how long it took; and that whoever writes into it by hand is found.

use relata_runtime::migrate::{self, Proved, Rollback};
use relata_schema::Dialect;
use relata_sql::Kind;

use super::{Case, NOTES, block_on, on_every_database};

const FIRST: &str = "20260101000000_aaaaaa_notes";
const SECOND: &str = "20260102000000_bbbbbb_tags";

on_every_database! {
    everything_is_noted
    what_is_written_by_hand_is_found
    a_history_from_before_the_trail_is_taken_over
    what_came_last_goes_first
    only_what_was_proved_is_applied_and_noted
}

async fn case(dialect: Dialect) -> Case {
    let case = Case::new(dialect).await;
    case.write(FIRST, NOTES, "DROP TABLE notes");
    case.write(SECOND, "CREATE TABLE tags (id integer)", "DROP TABLE tags");
    case
}

async fn findings(case: &mut Case) -> Vec<String> {
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    let history = migrate::read_history(case.connection.as_mut()).await.unwrap();
    migrate::verify_trail(&trail, &history).into_iter().map(|finding| finding.message).collect()
}

async fn everything_is_noted(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.apply().await.unwrap();
    case.rollback(Rollback::Steps(1)).await.unwrap();
    case.write(SECOND, "CREATE TABEL tags (id integer)", "DROP TABLE tags");
    case.apply().await.unwrap_err();
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    let whole = trail.iter().filter(|entry| entry.ending != "begun");
    let said: Vec<String> =
        whole.clone().map(|entry| format!("{} {} {} {}", entry.action, entry.id(), entry.ending, entry.note)).collect();
    assert_eq!(
        said,
        [
            format!("apply {FIRST} done "),
            format!("apply {SECOND} done "),
            format!("rollback {SECOND} done "),
            format!("apply {SECOND} failed R0401"),
        ]
    );
    let first = whole.clone().next().unwrap();
    assert_eq!((first.who.as_str(), first.tool.as_str()), ("ann@test", "relata test"));
    assert!(!first.host.is_empty() && first.at.starts_with("20"));
    let statements: serde_json::Value = serde_json::from_str(&first.statements).unwrap();
    assert_eq!(statements[0]["words"], "CREATE TABLE NOTES");
    assert_eq!((&statements[1]["rows"], &statements[1]["line"]), (&2.into(), &2.into()));
    assert!(statements[0]["microseconds"].as_u64().unwrap() > 0);
    assert!(!first.statements.contains("'one'"), "values stay out of it");
    let failed: serde_json::Value = serde_json::from_str(&whole.clone().next_back().unwrap().statements).unwrap();
    assert_eq!(failed[0]["outcome"], "failed");
    assert_eq!(findings(&mut case).await, [""; 0]);
    // An edit that is accepted is noted too.
    case.write(SECOND, "CREATE TABLE tags (id integer)", "DROP TABLE tags");
    case.write(FIRST, &NOTES.replace("'one'", "'1'"), "DROP TABLE notes");
    let migrations = case.migrations();
    case.runner.repair(case.connection.as_mut(), &migrations, &mut |_| {}).await.unwrap();
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    assert!(trail.iter().any(|entry| entry.action == "repair digest" && entry.note.starts_with("the digest was ")));
}

async fn what_is_written_by_hand_is_found(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.apply().await.unwrap();
    let done = "WHERE ending = 'done' AND version LIKE '20260101%'";
    let last = "SELECT max(sequence) FROM relata_migration_log";
    let (first, last) =
        (case.count(&format!("SELECT sequence FROM relata_migration_log {done}")).await, case.count(last).await);
    let at = |sequence: i64| format!("entry {sequence} of relata_migration_log");
    for (by_hand, back, expected) in [
        (
            format!("UPDATE relata_migration_log SET who = 'eve' {done}"),
            format!("UPDATE relata_migration_log SET who = 'ann@test' {done}"),
            format!("{} (apply {FIRST}", at(first)),
        ),
        (
            "UPDATE relata_migrations SET digest = 'x' WHERE version LIKE '20260102%'".into(),
            format!(
                "UPDATE relata_migrations SET digest = '{}' WHERE version LIKE '20260102%'",
                case.migrations()[1].digest
            ),
            format!("the history has {SECOND} with another digest than entry {last}"),
        ),
        (
            "UPDATE relata_migrations SET version = '2027' WHERE version LIKE '20260102%'".into(),
            "UPDATE relata_migrations SET version = '20260102000000_bbbbbb' WHERE version = '2027'".into(),
            "the history has 2027_tags, and the trail does not lead to it".into(),
        ),
        (
            format!("UPDATE relata_migration_log SET sequence = {last} + 1 WHERE sequence = {last}"),
            format!("UPDATE relata_migration_log SET sequence = {last} WHERE sequence = {last} + 1"),
            format!("{} was taken out", at(last)),
        ),
        (
            format!("DELETE FROM relata_migration_log WHERE sequence = {last}"),
            String::new(),
            if dialect == Dialect::Mysql {
                format!("the history says that {SECOND} is applied, and entry {} of the trail only began it", last - 1)
            } else {
                format!("the history has {SECOND}, and the trail does not lead to it")
            },
        ),
    ] {
        case.connection.batch(&by_hand).await.unwrap();
        let found = findings(&mut case).await;
        assert!(found.iter().any(|message| message.starts_with(&expected)), "{by_hand}: {found:#?}");
        if !back.is_empty() {
            case.connection.batch(&back).await.unwrap();
            assert_eq!(findings(&mut case).await, [""; 0], "{back}");
        }
    }
}

async fn a_history_from_before_the_trail_is_taken_over(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.apply().await.unwrap();
    case.connection.batch("DROP TABLE relata_migration_log").await.unwrap();
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{SECOND} applied")]);
    case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(case.states().await, [format!("{FIRST} applied"), format!("{SECOND} pending")]);
    assert_eq!(findings(&mut case).await, [""; 0]);
}

/// A migration from another branch is older by name and newer by what happened.
async fn what_came_last_goes_first(dialect: Dialect) {
    let mut case = case(dialect).await;
    case.apply().await.unwrap();
    let late = "20260101120000_cccccc_late";
    case.write(late, "CREATE TABLE late (id integer)", "DROP TABLE late");
    case.apply().await.unwrap();
    // A clock that was set back changes nothing: the order is the one of the trail.
    case.connection.batch("UPDATE relata_migrations SET applied_at = '1999' WHERE name = 'late'").await.unwrap();
    let undone = case.rollback(Rollback::Steps(1)).await.unwrap();
    assert_eq!(undone[0].id(), late);
}

/// What became pending after the proofs were made is refused under the lock; the others' proofs are noted with them.
async fn only_what_was_proved_is_applied_and_noted(dialect: Dialect) {
    let mut case = case(dialect).await;
    let migrations = case.migrations();
    let proved = |digest: &str| Proved { digest: digest.into(), text: "on a shadow by bob: up, down, up".into() };
    case.runner.only_proved = true;
    case.runner.proofs.insert("20260101000000_aaaaaa".into(), proved(&migrations[0].digest));
    for digest in [None, Some("another")] {
        if let Some(digest) = digest {
            case.runner.proofs.insert("20260102000000_bbbbbb".into(), proved(digest));
        }
        let error = case.apply().await.unwrap_err();
        assert_eq!(error.kind(), Kind::ProofFailed, "{error}");
        assert!(error.to_string().contains(&format!("{SECOND} is pending and was not proved")), "{error}");
        assert!(case.tables().await.is_empty(), "nothing was applied");
    }
    case.runner.proofs.insert("20260102000000_bbbbbb".into(), proved(&migrations[1].digest));
    case.apply().await.unwrap();
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    let noted = migrate::noted_proofs(&trail);
    assert_eq!(noted["20260102000000_bbbbbb"].note, "on a shadow by bob: up, down, up");
    assert_eq!(noted["20260102000000_bbbbbb"].digest, migrations[1].digest);
    assert!(findings(&mut case).await.is_empty());
    case.rollback(Rollback::Steps(1)).await.unwrap();
    let trail = migrate::read_trail(case.connection.as_mut()).await.unwrap();
    assert_eq!(migrate::noted_proofs(&trail).len(), 1, "what was rolled back is proved anew");
}
