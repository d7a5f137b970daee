//! Who is who, for every kind of object on every database: declared, by identity, by definition, asked. One table a
//! database; each row is checked in each of the ways (the table of the guide, "Renames, branches and drift").

use relata_schema::Dialect;
use relata_testkit::TestDatabase;

use crate::command::Project;

/// What happens when nobody says anything.
#[derive(Clone, Copy, PartialEq)]
enum Unsaid {
    /// It holds rows or values: whoever writes a migration is asked.
    Asked,
    /// It is the same but for its name: nobody is asked.
    ByDefinition,
    /// It also has another definition and holds nothing: the old one goes, the new one comes.
    Anew,
}
use Unsaid::{Anew, Asked, ByDefinition};

/// One object that is called otherwise.
struct Cell {
    /// As a header declares it, without the word `renames`.
    declared: &'static str,
    /// Its line in the lock before.
    before: &'static str,
    /// And after.
    after: &'static str,
    unsaid: Unsaid,
    /// What the plan says when it is known who it is.
    statement: &'static str,
}

const fn cell(
    declared: &'static str,
    before: &'static str,
    after: &'static str,
    unsaid: Unsaid,
    statement: &'static str,
) -> Cell {
    Cell { declared, before, after, unsaid, statement }
}

struct Case {
    dialect: Dialect,
    old: &'static str,
    new: &'static str,
    cells: &'static [Cell],
}

const POSTGRES: Case = Case {
    dialect: Dialect::Postgres,
    old: "CREATE TYPE mood AS ENUM ('sad', 'ok', 'glad');
CREATE TYPE size AS ENUM ('small', 'large');
CREATE DOMAIN score AS integer CHECK (VALUE >= 0);
CREATE TYPE pair AS (first_part integer, second_part text);
CREATE TYPE span AS RANGE (subtype = integer);
CREATE SEQUENCE numbers_of_bills;
CREATE TABLE tags (id integer NOT NULL, word varchar(20), weight integer, CONSTRAINT tags_key PRIMARY KEY (id));
CREATE TABLE people (id integer NOT NULL, mail text, title varchar(80), age integer, tag integer, feeling mood, shirt size,
  score score, place pair,
  CONSTRAINT people_key PRIMARY KEY (id), CONSTRAINT one_mail UNIQUE (mail), CONSTRAINT grown CHECK (age > 17),
  CONSTRAINT has_tag FOREIGN KEY (tag) REFERENCES tags (id), CONSTRAINT apart EXCLUDE (age WITH =));
CREATE INDEX by_age ON people (age);
CREATE INDEX by_title ON people (title);
CREATE VIEW grown_ups AS SELECT id, mail FROM people WHERE age > 20;
CREATE FUNCTION half(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 2';
CREATE FUNCTION third(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 3';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touches BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people USING (id > 0);
",
    new: "CREATE TYPE humour AS ENUM ('sad', 'ok', 'glad');
CREATE TYPE size AS ENUM ('tiny', 'large');
CREATE DOMAIN points AS integer CHECK (VALUE >= 0);
CREATE TYPE twin AS (first_part integer, second_part text);
CREATE TYPE reach AS RANGE (subtype = integer, multirange_type_name = span_multirange);
CREATE SEQUENCE numbers_of_invoices;
CREATE TABLE labels (id integer NOT NULL, word varchar(20), weight integer, CONSTRAINT labels_key PRIMARY KEY (id));
CREATE TABLE people (id integer NOT NULL, mail text, headline varchar(80), age integer, tag integer, feeling humour, shirt size,
  score points, place twin,
  CONSTRAINT people_id PRIMARY KEY (id), CONSTRAINT mail_once UNIQUE (mail), CONSTRAINT adult CHECK (age > 17),
  CONSTRAINT of_tag FOREIGN KEY (tag) REFERENCES labels (id), CONSTRAINT far EXCLUDE (age WITH =));
CREATE INDEX people_age ON people (age);
CREATE INDEX by_headline ON people (headline DESC);
CREATE VIEW adults AS SELECT id, mail FROM people WHERE age > 20;
CREATE FUNCTION halved(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n / 2';
CREATE FUNCTION a_third(n integer) RETURNS integer LANGUAGE sql AS 'SELECT (n + 1) / 3';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON people USING (id > 0);
",
    cells: &[
        cell("table tags to labels", "table public.tags", "table public.labels", Asked, "ALTER TABLE tags RENAME TO labels"),
        cell(
            "column people.title to headline",
            "table public.people / column title",
            "table public.people / column headline",
            Asked,
            "RENAME COLUMN title TO headline",
        ),
        cell("type mood to humour", "enum public.mood", "enum public.humour", Asked, "ALTER TYPE mood RENAME TO humour"),
        cell(
            "value size.small to tiny",
            "value public.size / small",
            "value public.size / tiny",
            Asked,
            "ALTER TYPE size RENAME VALUE 'small' TO 'tiny'",
        ),
        cell("domain score to points", "domain public.score", "domain public.points", Asked, "ALTER DOMAIN score RENAME TO points"),
        cell("composite pair to twin", "composite public.pair", "composite public.twin", Asked, "ALTER TYPE pair RENAME TO twin"),
        cell("range span to reach", "range public.span", "range public.reach", Anew, "ALTER TYPE span RENAME TO reach"),
        cell(
            "sequence numbers_of_bills to numbers_of_invoices",
            "sequence public.numbers_of_bills",
            "sequence public.numbers_of_invoices",
            Asked,
            "ALTER SEQUENCE numbers_of_bills RENAME TO numbers_of_invoices",
        ),
        cell(
            "constraint people.people_key to people_id",
            "table public.people / primary_key people_key",
            "table public.people / primary_key people_id",
            ByDefinition,
            "RENAME CONSTRAINT people_key TO people_id",
        ),
        cell(
            "unique people.one_mail to mail_once",
            "table public.people / unique one_mail",
            "table public.people / unique mail_once",
            ByDefinition,
            "RENAME CONSTRAINT one_mail TO mail_once",
        ),
        cell(
            "check people.grown to adult",
            "table public.people / check grown",
            "table public.people / check adult",
            ByDefinition,
            "RENAME CONSTRAINT grown TO adult",
        ),
        cell(
            "exclusion people.apart to far",
            "table public.people / exclusion apart",
            "table public.people / exclusion far",
            ByDefinition,
            "RENAME CONSTRAINT apart TO far",
        ),
        cell(
            "foreign_key people.has_tag to of_tag",
            "table public.people / foreign_key has_tag",
            "table public.people / foreign_key of_tag",
            // The table it points to is renamed as well: before that is known, it is another key.
            Anew,
            "RENAME CONSTRAINT has_tag TO of_tag",
        ),
        cell(
            "index people.by_age to people_age",
            "table public.people / index by_age",
            "table public.people / index people_age",
            ByDefinition,
            "ALTER INDEX by_age RENAME TO people_age",
        ),
        cell(
            "index people.by_title to by_headline",
            "table public.people / index by_title",
            "table public.people / index by_headline",
            Anew,
            "CREATE INDEX by_headline ON people USING btree (headline DESC)",
        ),
        cell("view grown_ups to adults", "view public.grown_ups", "view public.adults", ByDefinition, "ALTER VIEW grown_ups RENAME TO adults"),
        cell(
            "function half to halved",
            "routine public.half \"n integer\"",
            "routine public.halved \"n integer\"",
            ByDefinition,
            "ALTER FUNCTION half(n integer) RENAME TO halved",
        ),
        cell(
            "function third to a_third",
            "routine public.third \"n integer\"",
            "routine public.a_third \"n integer\"",
            Anew,
            "ALTER FUNCTION third(n integer) RENAME TO a_third",
        ),
        cell(
            "trigger people.touches to touched",
            "table public.people / trigger touches",
            "table public.people / trigger touched",
            ByDefinition,
            "ALTER TRIGGER touches ON people RENAME TO touched",
        ),
        cell(
            "policy people.own to mine",
            "table public.people / policy own",
            "table public.people / policy mine",
            ByDefinition,
            "ALTER POLICY own ON people RENAME TO mine",
        ),
    ],
};

const MYSQL: Case = Case {
    dialect: Dialect::Mysql,
    old: "CREATE SEQUENCE numbers_of_bills;
CREATE TABLE tags (id int NOT NULL PRIMARY KEY, word varchar(20), weight int);
CREATE TABLE people (id int NOT NULL PRIMARY KEY, mail varchar(90), title varchar(80), age int, tag int, shirt enum('small','large'),
  UNIQUE KEY one_mail (mail), CONSTRAINT grown CHECK (age > 17), KEY by_age (age), KEY by_title (title), KEY by_tag (tag),
  CONSTRAINT has_tag FOREIGN KEY (tag) REFERENCES tags (id));
CREATE VIEW grown_ups AS SELECT id, mail FROM people WHERE age > 20;
CREATE FUNCTION half(n int) RETURNS int DETERMINISTIC RETURN n / 2;
CREATE TRIGGER touches BEFORE UPDATE ON people FOR EACH ROW SET NEW.age = NEW.age + 1;
",
    new: "CREATE SEQUENCE numbers_of_invoices;
CREATE TABLE labels (id int NOT NULL PRIMARY KEY, word varchar(20), weight int);
CREATE TABLE people (id int NOT NULL PRIMARY KEY, mail varchar(90), headline varchar(80), age int, tag int, shirt enum('tiny','large'),
  UNIQUE KEY mail_once (mail), CONSTRAINT adult CHECK (age > 17), KEY people_age (age), KEY by_headline (headline(9)), KEY by_tag (tag),
  CONSTRAINT of_tag FOREIGN KEY (tag) REFERENCES labels (id));
CREATE VIEW adults AS SELECT id, mail FROM people WHERE age > 20;
CREATE FUNCTION halved(n int) RETURNS int DETERMINISTIC RETURN n / 2;
CREATE TRIGGER touched BEFORE UPDATE ON people FOR EACH ROW SET NEW.age = NEW.age + 1;
",
    cells: &[
        cell("table tags to labels", "table tags", "table labels", Asked, "RENAME TABLE tags TO labels"),
        cell(
            "column people.title to headline",
            "table people / column title",
            "table people / column headline",
            Asked,
            "RENAME COLUMN title TO headline",
        ),
        cell(
            "value people.shirt.small to tiny",
            "value people.shirt / small",
            "value people.shirt / tiny",
            Asked,
            "UPDATE people SET shirt = CASE shirt WHEN 'small' THEN 'tiny' END",
        ),
        cell(
            "sequence numbers_of_bills to numbers_of_invoices",
            "sequence numbers_of_bills",
            "sequence numbers_of_invoices",
            Asked,
            "RENAME TABLE numbers_of_bills TO numbers_of_invoices",
        ),
        cell(
            "unique people.one_mail to mail_once",
            "table people / index one_mail",
            "table people / index mail_once",
            ByDefinition,
            "RENAME KEY one_mail TO mail_once",
        ),
        cell(
            "check people.grown to adult",
            "table people / check grown",
            "table people / check adult",
            ByDefinition,
            "ADD CONSTRAINT adult CHECK",
        ),
        cell(
            "foreign_key people.has_tag to of_tag",
            "table people / foreign_key has_tag",
            "table people / foreign_key of_tag",
            Anew,
            "ADD CONSTRAINT of_tag FOREIGN KEY",
        ),
        cell(
            "index people.by_age to people_age",
            "table people / index by_age",
            "table people / index people_age",
            ByDefinition,
            "RENAME KEY by_age TO people_age",
        ),
        cell(
            "index people.by_title to by_headline",
            "table people / index by_title",
            "table people / index by_headline",
            Anew,
            "ADD KEY by_headline (headline(9))",
        ),
        cell("view grown_ups to adults", "view grown_ups", "view adults", ByDefinition, "VIEW adults AS"),
        cell("function half to halved", "routine half \"\"", "routine halved \"\"", ByDefinition, "FUNCTION halved"),
        cell(
            "trigger people.touches to touched",
            "table people / trigger touches",
            "table people / trigger touched",
            ByDefinition,
            "TRIGGER touched BEFORE",
        ),
    ],
};

const SQLITE: Case = Case {
    dialect: Dialect::Sqlite,
    old: "CREATE TABLE tags (id integer NOT NULL PRIMARY KEY, word varchar(20), weight integer);
CREATE TABLE people (id integer NOT NULL PRIMARY KEY, mail text, title varchar(80), age integer, tag integer,
  shirt text CHECK (shirt IN ('small', 'large')),
  CONSTRAINT one_mail UNIQUE (mail), CONSTRAINT grown CHECK (age > 17), CONSTRAINT has_tag FOREIGN KEY (tag) REFERENCES tags (id));
CREATE INDEX by_age ON people (age);
CREATE INDEX by_title ON people (title);
CREATE VIEW grown_ups AS SELECT id, mail FROM people WHERE age > 20;
CREATE TRIGGER touches AFTER UPDATE ON people BEGIN SELECT 1; END;
",
    new: "CREATE TABLE labels (id integer NOT NULL PRIMARY KEY, word varchar(20), weight integer);
CREATE TABLE people (id integer NOT NULL PRIMARY KEY, mail text, headline varchar(80), age integer, tag integer,
  shirt text CHECK (shirt IN ('tiny', 'large')),
  CONSTRAINT mail_once UNIQUE (mail), CONSTRAINT adult CHECK (age > 17), CONSTRAINT of_tag FOREIGN KEY (tag) REFERENCES labels (id));
CREATE INDEX people_age ON people (age);
CREATE INDEX by_headline ON people (headline DESC);
CREATE VIEW adults AS SELECT id, mail FROM people WHERE age > 20;
CREATE TRIGGER touched AFTER UPDATE ON people BEGIN SELECT 1; END;
",
    cells: &[
        cell("table tags to labels", "table tags", "table labels", Asked, "ALTER TABLE tags RENAME TO labels"),
        cell(
            "column people.title to headline",
            "table people / column title",
            "table people / column headline",
            Asked,
            "headline",
        ),
        cell(
            "value people.shirt.small to tiny",
            "value people.shirt / small",
            "value people.shirt / tiny",
            Asked,
            "CASE shirt WHEN 'small' THEN 'tiny' ELSE shirt END",
        ),
        cell(
            "unique people.one_mail to mail_once",
            "table people / unique one_mail",
            "table people / unique mail_once",
            ByDefinition,
            "CONSTRAINT mail_once UNIQUE",
        ),
        cell("check people.grown to adult", "table people / check grown", "table people / check adult", ByDefinition, "CONSTRAINT adult"),
        cell(
            "foreign_key people.has_tag to of_tag",
            "table people / foreign_key has_tag",
            "table people / foreign_key of_tag",
            Anew,
            "CONSTRAINT of_tag",
        ),
        cell(
            "index people.by_age to people_age",
            "table people / index by_age",
            "table people / index people_age",
            ByDefinition,
            "CREATE INDEX people_age",
        ),
        cell(
            "index people.by_title to by_headline",
            "table people / index by_title",
            "table people / index by_headline",
            Anew,
            "CREATE INDEX by_headline ON people (headline DESC)",
        ),
        cell("view grown_ups to adults", "view grown_ups", "view adults", ByDefinition, "CREATE VIEW adults"),
        cell(
            "trigger people.touches to touched",
            "table people / trigger touches",
            "table people / trigger touched",
            ByDefinition,
            "CREATE TRIGGER touched",
        ),
    ],
};

/// The identity in a line of a lock.
fn identity<'l>(lock: &'l str, key: &str) -> &'l str {
    let line = lock.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('\t'));
    line.unwrap_or_else(|| panic!("no line {key} in\n{lock}")).split('\t').next().unwrap()
}

/// Without quotes and the default namespace.
fn plain(sql: &str) -> String {
    sql.replace(['`', '"'], "").replace("public.", "")
}

impl Case {
    /// The new script, with every rename declared in its head.
    fn declared(&self) -> String {
        let lines: String = self.cells.iter().map(|cell| format!("-- relata: renames {}\n", cell.declared)).collect();
        lines + self.new
    }

    /// The options that say where scripts are read.
    fn options(&self) -> Vec<String> {
        let mut words = vec!["--dialect".to_string(), self.dialect.word().to_string()];
        if self.dialect != Dialect::Sqlite {
            words.extend(["--shadow".to_string(), relata_testkit::server_url(self.dialect).expose()]);
        }
        words
    }

    fn diff(&self, project: &Project, from: &str, to: &str) -> (String, String) {
        let options = self.options();
        let mut words = vec!["schema", "diff", "--from", from, "--to", to];
        words.extend(options.iter().map(String::as_str));
        let run = project.run(&words);
        assert_eq!(run.code, 3, "{}", run.stderr);
        (run.stdout, run.stderr)
    }

    fn says_every_statement(&self, way: &str, (sql, said): &(String, String)) {
        let plain = plain(sql);
        for cell in self.cells {
            assert!(plain.contains(cell.statement), "{way}: {}: no {} in\n{plain}", cell.declared, cell.statement);
        }
        assert!(!said.contains("is gone"), "{way}: {said}");
        assert!(!plain.contains("DROP TABLE tags") && !plain.contains("DROP COLUMN"), "{way}: {plain}");
    }

    fn declared_renames(&self, project: &Project) {
        self.says_every_statement("declared", &self.diff(project, "old.sql", "declared.sql"));
    }

    fn unsaid_renames(&self, project: &Project) {
        let (sql, said) = self.diff(project, "old.sql", "new.sql");
        let plain = plain(&sql);
        for cell in self.cells {
            let (object, _) = cell.declared.split_once(" to ").unwrap();
            let name = object.split_once(' ').unwrap().1;
            let asked = said.contains(&format!(" {name} is gone"));
            assert_eq!(asked, cell.unsaid == Asked, "{object}: {said}");
            match cell.unsaid {
                ByDefinition => assert!(plain.contains(cell.statement), "{object}: no {} in\n{plain}", cell.statement),
                Anew if self.dialect == Dialect::Postgres => {
                    let name = cell.after.rsplit(' ').next().unwrap();
                    let renamed = plain.contains(&format!("RENAME TO {name}"));
                    assert!(!renamed, "{object} is made anew: {plain}");
                }
                _ => {}
            }
        }
    }

    /// The identities of the old lock, at the new keys of the new one.
    fn renames_by_identity(&self, project: &Project) {
        let options = self.options();
        for file in ["old", "new"] {
            let source = format!("{file}.sql");
            let mut words = vec!["schema", "inspect", &source, "--format", "lock"];
            words.extend(options.iter().map(String::as_str));
            project.write(&format!("{file}.lock"), &project.ok(&words).stdout);
        }
        let (old, mut new) = (project.read("old.lock"), project.read("new.lock"));
        for cell in self.cells {
            let (before, now) = (identity(&old, cell.before), identity(&new, cell.after).to_string());
            new = new.replace(&format!("{}\t{now}\t", cell.after), &format!("{}\t{before}\t", cell.after));
        }
        // Columns of a table that is called otherwise have theirs too.
        for line in old.lines().filter(|line| line.contains("tags / column")) {
            let (key, rest) = line.split_once('\t').unwrap();
            let key = key.replace("tags /", "labels /");
            let now = identity(&new, &key).to_string();
            new = new.replace(&format!("{key}\t{now}\t"), &format!("{key}\t{}\t", &rest[..16]));
        }
        project.write("new.lock", &new);
        let mut words = vec!["schema", "diff", "--from", "old.lock", "--to", "new.lock"];
        let shadow: Vec<&str> = options.iter().map(String::as_str).skip(2).collect();
        words.extend(shadow);
        let run = project.run(&words);
        assert_eq!(run.code, 3, "{}", run.stderr);
        self.says_every_statement("by identity", &(run.stdout, run.stderr));
    }

    /// A migration is written, proved and applied; every object has its identity afterwards, and after the next one.
    async fn a_migration_keeps_identities(&self, project: &Project) {
        let database = TestDatabase::create(self.dialect).await;
        let url = database.url().expose();
        let ok = |words: &[&str]| project.ok(&[words, &["--url", &url]].concat());
        ok(&["migrate", "new", "init", "--from", "old.sql"]);
        let old = project.read("schema.lock");
        ok(&["migrate", "new", "names", "--from", "declared.sql"]);
        let new = project.read("schema.lock");
        for cell in self.cells {
            assert_eq!(identity(&old, cell.before), identity(&new, cell.after), "{}", cell.declared);
        }
        ok(&["migrate", "apply"]);
        ok(&["migrate", "status"]);
        ok(&["schema", "lock", "--check"]);
        ok(&["migrate", "rollback"]);
        ok(&["migrate", "apply"]);
    }

    fn check(&self) {
        let project = Project::new();
        project.write("old.sql", self.old);
        project.write("new.sql", self.new);
        project.write("declared.sql", &self.declared());
        self.declared_renames(&project);
        self.unsaid_renames(&project);
        self.renames_by_identity(&project);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.a_migration_keeps_identities(&project));
    }
}

#[test]
fn every_kind_of_object_on_sqlite() {
    SQLITE.check();
}

#[test]
fn every_kind_of_object_on_postgres() {
    POSTGRES.check();
}

#[test]
fn every_kind_of_object_on_mariadb() {
    MYSQL.check();
}
