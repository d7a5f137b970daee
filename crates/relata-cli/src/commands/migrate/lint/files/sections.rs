//! Files that hold the way there and the way back, told apart by lines that their tools read.
//!
//! | tool | there | back |
//! |---|---|---|
//! | goose, sql-migrate, micrate, rambler | `-- +goose Up`, `-- +migrate Up`, `-- +micrate Up`, `-- rambler up` | the same with `Down` |
//! | dbmate | `-- migrate:up` | `-- migrate:down` |
//! | node-pg-migrate and others | `-- Up Migration`, `-- Up` | `-- Down Migration`, `-- Down` |
//! | Play | `# --- !Ups` | `# --- !Downs` |
//! | tern | | `---- create above / drop below ----` |
//! | MyBatis | | `-- //@UNDO` |
//!
//! Lines without the name of a tool count only where both are there. [`without_transaction`] knows what tools read as "run it
//! without a transaction".

/// The way there.
#[derive(Debug, PartialEq, Eq)]
pub struct WayThere {
    /// Its text; places in it are those of the file.
    pub text: String,
    /// The tool runs it in a transaction.
    pub wrapped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Up,
    /// Without the name of a tool.
    PlainUp,
    Down,
    /// The way back, also where nothing says that the way there begins.
    DownAlone,
}

/// A line of comment says that the file runs without a transaction, whatever the tool does else.
pub fn without_transaction(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "+goose no transaction",
        "no-transaction",
        "atlas:txmode none",
        "tern: disable-tx",
        "flyway:executeintransaction=false",
        "squawk-disable-assume-in-transaction",
    ];
    let comments = text.lines().filter_map(|line| line.trim().strip_prefix("--"));
    let mut plain = comments.map(|comment| comment.trim_matches([' ', '\t', '-']).to_lowercase());
    plain.any(|comment| WORDS.contains(&comment.as_str()) || is_up_without_transaction(&comment))
}

fn is_up_without_transaction(comment: &str) -> bool {
    comment == "+migrate up notransaction" || comment == "migrate:up transaction:false"
}

/// The way there of a file that holds both; `None`: it is no such file.
pub fn way_there(text: &str) -> Option<WayThere> {
    let (mut at, mut up, mut sure, mut down) = (0, false, false, None);
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let found = marker(line);
        match found {
            Some(Marker::Up | Marker::PlainUp) if down.is_none() => {
                up = true;
                sure |= found == Some(Marker::Up);
            }
            Some(Marker::Down) if up => down = down.or(Some(at)),
            Some(Marker::DownAlone) => down = down.or(Some(at)),
            _ => {}
        }
        // Play's markers are no comments of SQL: the same length, as one.
        match (found, line.strip_prefix("# ")) {
            (Some(_), Some(rest)) => out.extend(["--", rest]),
            _ => out.push_str(line),
        }
        at += line.len();
    }
    let end = down.unwrap_or(out.len());
    out.truncate(end);
    (sure || down.is_some()).then(|| WayThere { wrapped: !without_transaction(&out), text: out })
}

fn marker(line: &str) -> Option<Marker> {
    let line = line.trim();
    let comment = line.strip_prefix("--").or_else(|| line.strip_prefix("# ---"))?;
    let words = comment.trim_matches([' ', '\t', '-', '/']).to_lowercase();
    let tool = ["+goose ", "+migrate ", "+micrate ", "rambler ", "migrate:", "!"];
    let known = tool.iter().find_map(|tool| words.strip_prefix(tool));
    let first = known.unwrap_or(&words).split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    match (known.is_some(), first, words.as_str()) {
        (true, "up" | "ups", _) => Some(Marker::Up),
        (_, _, "up" | "up migration") => Some(Marker::PlainUp),
        (true, "down" | "downs", _) | (_, _, "down" | "down migration") => Some(Marker::Down),
        (_, _, "create above / drop below" | "@undo") => Some(Marker::DownAlone),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, there: &str, wrapped: bool) {
        assert_eq!(way_there(text), Some(WayThere { text: there.into(), wrapped }), "{text}");
    }

    #[test]
    fn files_of_other_tools_are_cut_at_their_way_down() {
        check(
            "-- +goose Up\nCREATE TABLE a (b int);\n-- +goose Down\nDROP TABLE a;\n",
            "-- +goose Up\nCREATE TABLE a (b int);\n",
            true,
        );
        check(
            "-- migrate:up transaction:false\nselect 1;\n-- migrate:down\n",
            "-- migrate:up transaction:false\nselect 1;\n",
            false,
        );
        check(
            "-- +goose NO TRANSACTION\n-- +goose Up\nselect 1;",
            "-- +goose NO TRANSACTION\n-- +goose Up\nselect 1;",
            false,
        );
        check("-- +migrate Up notransaction\na;\n-- +migrate Down\nb;", "-- +migrate Up notransaction\na;\n", false);
        check("-- Up Migration\r\na;\r\n-- Down Migration\r\nb;", "-- Up Migration\r\na;\r\n", true);
        check("a;\n---- create above / drop below ----\nb;", "a;\n", true);
        check("-- // a table\na;\n-- //@UNDO\nb;", "-- // a table\na;\n", true);
        check("# --- !Ups\na;\n# --- !Downs\nb;", "----- !Ups\na;\n", true);
    }

    #[test]
    fn tools_have_their_ways_to_say_that_there_is_no_transaction() {
        for text in ["-- no-transaction\nx", "a;\n---- tern: disable-tx ----\n", "-- atlas:txmode none\r\n"] {
            assert!(without_transaction(text), "{text}");
        }
        assert!(!without_transaction("-- there is no transaction here\nselect 'no-transaction';"));
    }

    #[test]
    fn other_files_are_whole() {
        for text in
            ["select 1; -- down", "-- go up\nselect 1;\n-- down the road\n", "-- Down\nselect 1;", "-- upper\n", ""]
        {
            assert_eq!(way_there(text), None, "{text}");
        }
    }
}
