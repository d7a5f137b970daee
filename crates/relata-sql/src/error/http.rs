//! An error as the answer of a web service.
//!
//! Invariant: only what is about the caller's own data leaves the house. What else goes wrong (SQL, names of tables, servers)
//! is for the log: the body says no more than that it did.

use serde_json::{Value as Json, json};

use super::{Error, Kind, Problem};

impl Error {
    /// The HTTP status that fits: 404, 409 (taken, still referred to, run it again), 422 (the data breaks a rule), 503 (try
    /// later), 403, 504, else 500.
    pub fn http_status(&self) -> u16 {
        match self.kind() {
            Kind::NotFound => 404,
            Kind::UniqueViolation | Kind::ForeignKeyViolation | Kind::ExclusionViolation => 409,
            Kind::Serialization | Kind::Deadlock | Kind::AlreadyCommitted => 409,
            Kind::Validation | Kind::NotNullViolation | Kind::CheckViolation | Kind::InvalidValue => 422,
            Kind::LockTimeout
            | Kind::Unreachable
            | Kind::NotSent
            | Kind::Unavailable
            | Kind::PoolTimeout
            | Kind::Overloaded
            | Kind::ReadOnly => 503,
            Kind::Timeout => 504,
            _ => 500,
        }
    }

    fn http_title(&self) -> &'static str {
        match self.http_status() {
            404 => "there is no such row",
            409 if self.kind() == Kind::AlreadyCommitted => "this was done before",
            409 if self.is_constraint() => "the data collides with other data",
            409 => "somebody else changed the same data at the same time",
            422 => "the data is not valid",
            503 => "the database is not available at the moment",
            504 => "the database took too long",
            _ => "something went wrong with the database",
        }
    }

    fn http_problems(&self) -> Vec<Problem> {
        // What the database says of a row as a whole names tables and constraints.
        let own = |problem: &Problem| problem.field.is_some() || self.kind() == Kind::Validation;
        self.problems().into_iter().filter(own).collect()
    }

    /// The body `{"error": {"message", "type", "code", "statusCode", "fields"}}` of an answer.
    ///
    /// ```
    /// use relata_sql::{Error, error::Problem};
    /// let error = Error::invalid("User", vec![Problem::of("email", "email", "must be an address like name@example.com")]);
    /// assert_eq!(error.http_status(), 422);
    /// assert_eq!(error.http_body()["error"]["fields"]["email"][0]["rule"], "email");
    /// ```
    pub fn http_body(&self) -> Json {
        let mut fields = serde_json::Map::new();
        let mut of_row = Vec::new();
        for problem in self.http_problems() {
            let said = with_parameters(json!({"rule": problem.rule, "message": problem.message}), &problem.parameters);
            match problem.field {
                Some(field) => {
                    if let Json::Array(list) = fields.entry(field).or_insert_with(|| Json::Array(Vec::new())) {
                        list.push(said);
                    }
                }
                None => of_row.push(said),
            }
        }
        let mut error = json!({
            "message": self.http_title(),
            "type": format!("{:?}", self.kind()),
            "code": self.code(),
            "statusCode": self.http_status(),
        });
        if !fields.is_empty() {
            error["fields"] = Json::Object(fields);
        }
        if !of_row.is_empty() {
            error["problems"] = Json::Array(of_row);
        }
        json!({ "error": error })
    }

    /// The same as `application/problem+json` (RFC 9457), with a member `errors`.
    pub fn problem_json(&self) -> Json {
        let errors: Vec<Json> = self
            .http_problems()
            .into_iter()
            .map(|problem| {
                let said = json!({"rule": problem.rule, "detail": problem.message});
                let mut said = with_parameters(said, &problem.parameters);
                if let Some(field) = problem.field {
                    // Of a row that hangs on another, the place is a way down the input.
                    let pointer = field.replace('~', "~0").replace('/', "~1").replace('.', "/");
                    said["pointer"] = Json::String(format!("#/{pointer}"));
                }
                said
            })
            .collect();
        let mut body = json!({
            "type": format!("urn:relata:{}", self.code()),
            "title": self.http_title(),
            "status": self.http_status(),
        });
        if !errors.is_empty() {
            body["errors"] = Json::Array(errors);
        }
        body
    }
}

fn with_parameters(mut said: Json, parameters: &[(&'static str, String)]) -> Json {
    if !parameters.is_empty() {
        let members = parameters.iter().map(|(name, value)| (name.to_string(), Json::String(value.clone())));
        said["parameters"] = Json::Object(members.collect());
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_of_rows_below_and_what_a_translation_needs() {
        let parameters = vec![("min", "1".to_string()), ("max", "80".to_string()), ("actual", "0".to_string())];
        let length = Problem::of("text", "length", "must have 1 to 80 characters, not 0").with(parameters);
        let below = vec![length.below("comments.2"), Problem::of_row("condition", "must hold").below("comments.0")];
        expect_test::expect![[r##"
            {
              "errors": [
                {
                  "detail": "must have 1 to 80 characters, not 0",
                  "parameters": {
                    "actual": "0",
                    "max": "80",
                    "min": "1"
                  },
                  "pointer": "#/comments/2/text",
                  "rule": "length"
                },
                {
                  "detail": "must hold",
                  "pointer": "#/comments/0",
                  "rule": "condition"
                }
              ],
              "status": 422,
              "title": "the data is not valid",
              "type": "urn:relata:R0106"
            }"##]]
        .assert_eq(&serde_json::to_string_pretty(&Error::invalid("Post", below).problem_json()).unwrap());
    }

    #[test]
    fn the_body_says_what_is_wrong_with_the_data_and_nothing_else() {
        let problems = vec![
            Problem::of("email", "email", "must be an address like name@example.com"),
            Problem::of("email", "length", "must have at most 80 characters, not 90"),
            Problem::of_row("condition", "starts_at < ends_at must hold"),
        ];
        let error = Error::invalid("User", problems);
        expect_test::expect![[r#"
            {
              "error": {
                "code": "R0106",
                "fields": {
                  "email": [
                    {
                      "message": "must be an address like name@example.com",
                      "rule": "email"
                    },
                    {
                      "message": "must have at most 80 characters, not 90",
                      "rule": "length"
                    }
                  ]
                },
                "message": "the data is not valid",
                "problems": [
                  {
                    "message": "starts_at < ends_at must hold",
                    "rule": "condition"
                  }
                ],
                "statusCode": 422,
                "type": "Validation"
              }
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&error.http_body()).unwrap());
        let taken = Error::new(Kind::UniqueViolation, "a row of users has that email").table("users");
        let taken = taken.with_details(|details| details.field = Some("email".into()));
        expect_test::expect![[
            r##"{"errors":[{"detail":"is taken already","pointer":"#/email","rule":"unique"}],"status":409,"title":"the data collides with other data","type":"urn:relata:R0101"}"##
        ]]
        .assert_eq(&taken.problem_json().to_string());
        let secret = Error::new(Kind::Syntax, "near SELECT password").sql("SELECT password FROM users").table("users");
        let said = format!("{}{}", secret.http_body(), secret.problem_json());
        assert!(!said.contains("password") && !said.contains("users"), "{said}");
    }
}
