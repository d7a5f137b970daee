//! The question on the terminal. There is no default answer: whoever just presses return is asked again.

use std::io::{BufRead, Write};

use relata_plan::rename::{Candidate, Question};
use relata_sql::{Error, Kind, Result};

use super::{as_name, dialect_of, short_name};

/// Asks which candidate an object has become; `None`: none of them.
///
/// # Errors
/// `Kind::Io` when the terminal is gone; `Kind::Declaration` when the input ends without an answer.
pub fn ask<'q>(
    question: &'q Question,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> Result<Option<&'q Candidate>> {
    let io = |error: std::io::Error| Error::new(Kind::Io, format!("the terminal: {error}")).caused_by(error);
    writeln!(output, "{} is gone. What is it now?", as_name(&question.object)).map_err(io)?;
    for (index, candidate) in question.candidates.iter().enumerate() {
        let to = short_name(dialect_of(&question.object.name), &candidate.rename.to);
        let why = candidate.reasons.join(", ");
        writeln!(output, "  {}  {to}  ({} of 100: {why})", index + 1, candidate.score).map_err(io)?;
    }
    writeln!(output, "  0  nothing: it goes, with everything in it").map_err(io)?;
    loop {
        write!(output, "0 to {}: ", question.candidates.len()).map_err(io)?;
        output.flush().map_err(io)?;
        let mut line = String::new();
        if input.read_line(&mut line).map_err(io)? == 0 {
            return Err(Error::new(Kind::Declaration, format!("{} is unanswered", as_name(&question.object)))
                .hint("answer with --rename or --no-rename"));
        }
        match line.trim().parse::<usize>() {
            Ok(0) => return Ok(None),
            Ok(number) if number <= question.candidates.len() => return Ok(Some(&question.candidates[number - 1])),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::change::Rename;
    use relata_schema::model::{ObjectKey, ObjectKind, ObjectName};

    fn question() -> Question {
        let key = ObjectKey::member(ObjectKind::Column, &ObjectName::new("public", "posts"), "title");
        let candidate = |name: &str, score| Candidate {
            rename: Rename { from: key.clone(), to: ObjectName::bare(name) },
            score,
            reasons: vec!["the same type"],
        };
        Question { candidates: vec![candidate("headline", 73), candidate("caption", 65)], object: key }
    }

    fn answer(input: &str) -> (Result<Option<String>>, String) {
        let mut output = Vec::new();
        let question = question();
        let found = ask(&question, &mut input.as_bytes(), &mut output);
        (found.map(|found| found.map(|c| c.rename.to.name.clone())), String::from_utf8(output).unwrap())
    }

    #[test]
    fn only_a_number_answers() {
        let (found, shown) = answer("\nyes\n7\n2\n");
        assert_eq!(found.unwrap().as_deref(), Some("caption"));
        expect_test::expect![[r#"
            column posts.title is gone. What is it now?
              1  headline  (73 of 100: the same type)
              2  caption  (65 of 100: the same type)
              0  nothing: it goes, with everything in it
            0 to 2: 0 to 2: 0 to 2: 0 to 2: "#]]
        .assert_eq(&shown);
        assert_eq!(answer("0\n").0.unwrap(), None);
        assert!(answer("").0.unwrap_err().to_string().contains("is unanswered"));
    }
}
