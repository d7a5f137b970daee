//! Views, triggers, routines, packages, events, all as `SHOW CREATE` gives them.
//!
//! What was created under a `sql_mode` that makes its text mean something else is carried as a statement that sets the
//! mode for itself, so that it can be created by any session.

use std::collections::BTreeMap;

use relata_schema::dialect::mysql::print::VIEW_COLUMNS;
use relata_schema::model::{ObjectKey, ObjectKind, ObjectName, Opaque, Routine, RoutineKind, Trigger};
use relata_schema::{Dialect, Schema};
use relata_sql::Result;

use super::texts::{Used, account, algorithm, under_mode, unqualified, view_query, with_follows};
use super::{Catalogue, Line, filled, text};

pub(crate) async fn read(catalogue: &mut Catalogue<'_>, schema: &mut Schema, ignored: &[String]) -> Result<()> {
    if !schema.views.is_empty() {
        views(catalogue, schema).await?;
    }
    let named = list(catalogue, ignored).await?;
    let statements: Vec<String> = named.iter().map(Named::show).collect();
    let answers = catalogue.first_lines(&statements).await?;
    for (named, line) in named.iter().zip(answers) {
        let column = if named.kind == "EVENT" { 3 } else { 2 };
        // NULL: the role may not see the body.
        if let Some(definition) = filled(&line, column) {
            let definition = with_follows(&definition, named.follows.as_deref());
            let mode = if catalogue.mysql { "" } else { text(&line, 1) };
            named.keep(schema, under_mode(definition, mode));
        }
    }
    Ok(())
}

async fn views(catalogue: &mut Catalogue<'_>, schema: &mut Schema) -> Result<()> {
    let known = if catalogue.mysql { "NULL" } else { "algorithm" };
    let sql = format!(
        "SELECT table_name, view_definition, check_option, definer, security_type, {known} \
         FROM information_schema.views WHERE table_schema = {}",
        catalogue.database
    );
    let lines = catalogue.lines(&sql).await?;
    // The catalogue leaves the character sets of literals out.
    let show = |line: &Line| format!("SHOW CREATE VIEW {}", Dialect::Mysql.quote(text(line, 0)));
    let shown: Vec<&Line> = lines.iter().filter(|line| !text(line, 1).is_empty()).collect();
    let statements: Vec<String> = shown.iter().map(|line| show(line)).collect();
    let answers = catalogue.first_lines(&statements).await?;
    let written: BTreeMap<&str, Line> = shown.iter().map(|line| text(line, 0)).zip(answers).collect();
    let views: Vec<ObjectName> = schema.views.iter().map(|view| view.name.clone()).collect();
    for line in &lines {
        let Some(view) = schema.views.iter_mut().find(|view| view.name.name == text(line, 0)) else { continue };
        let (query, used) = unqualified(text(line, 1), &catalogue.name);
        let shown = written.get(text(line, 0)).map(|own| text(own, 1)).unwrap_or_default();
        let own = view_query(shown, text(line, 0));
        view.query = own.map_or(query, |(own, _)| unqualified(own, &catalogue.name).0);
        view.check_option = filled(line, 2).filter(|option| option != "NONE");
        view.parameters.push(("definer".into(), account(text(line, 3))));
        view.parameters.push(("security".into(), text(line, 4).to_string()));
        let algorithm = filled(line, 5).or_else(|| algorithm(shown).map(String::from));
        view.parameters.extend(algorithm.map(|algorithm| ("algorithm".to_string(), algorithm)));
        let columns = own.map(|(_, columns)| columns).filter(|columns| !columns.is_empty());
        view.parameters.extend(columns.map(|columns| (VIEW_COLUMNS.to_string(), columns.to_string())));
        view.depends_on = used.iter().map(|used| dependency(used, &views)).collect();
    }
    Ok(())
}

fn dependency(used: &Used, views: &[ObjectName]) -> ObjectKey {
    match used {
        Used::Function(name) => ObjectKey::of(ObjectKind::Routine, name),
        Used::Relation(name) if views.contains(name) => ObjectKey::of(ObjectKind::View, name),
        Used::Relation(name) => ObjectKey::of(ObjectKind::Table, name),
    }
}

/// Something whose text is still to be asked for.
struct Named {
    kind: String,
    name: String,
    /// A trigger's table, a function's result.
    detail: String,
    comment: Option<String>,
    /// The trigger that this one follows.
    follows: Option<String>,
}

impl Named {
    fn show(&self) -> String {
        format!("SHOW CREATE {} {}", self.kind, Dialect::Mysql.quote(&self.name))
    }

    fn keep(&self, schema: &mut Schema, definition: String) {
        let name = ObjectName::bare(&self.name);
        match self.kind.as_str() {
            "TRIGGER" => {
                let trigger = Trigger { name: self.name.clone(), definition, ..Trigger::default() };
                let table = schema.tables.iter_mut().find(|table| table.name.name == self.detail);
                table.into_iter().for_each(|table| table.triggers.push(trigger.clone()));
            }
            "EVENT" | "PACKAGE" | "PACKAGE BODY" => {
                schema.others.push(Opaque { kind: self.kind.clone(), name, definition, ..Opaque::default() });
            }
            kind => schema.routines.push(Routine {
                name,
                kind: if kind == "FUNCTION" { RoutineKind::Function } else { RoutineKind::Procedure },
                result: Some(self.detail.clone()).filter(|result| !result.is_empty()),
                language: "SQL".into(),
                definition,
                comment: self.comment.clone(),
                ..Routine::default()
            }),
        }
    }
}

async fn list(catalogue: &mut Catalogue<'_>, ignored: &[String]) -> Result<Vec<Named>> {
    let database = catalogue.database.clone();
    let mut found = Vec::new();
    let routines = format!(
        "SELECT routine_type, routine_name, dtd_identifier, routine_comment FROM information_schema.routines \
         WHERE routine_schema = {database} AND routine_type IN ('FUNCTION', 'PROCEDURE', 'PACKAGE', 'PACKAGE BODY')"
    );
    for line in catalogue.lines(&routines).await? {
        found.push(Named {
            kind: text(&line, 0).to_string(),
            name: text(&line, 1).to_string(),
            detail: text(&line, 2).to_string(),
            comment: filled(&line, 3),
            follows: None,
        });
    }
    let triggers = format!(
        "SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order \
         FROM information_schema.triggers WHERE trigger_schema = {database} \
         ORDER BY event_object_table, action_timing, event_manipulation, action_order"
    );
    let mut last: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for line in catalogue.lines(&triggers).await? {
        let table = text(&line, 1).to_string();
        if ignored.contains(&table) {
            continue;
        }
        let group = (table.clone(), text(&line, 2).to_string(), text(&line, 3).to_string());
        let name = text(&line, 0).to_string();
        let follows = last.insert(group, name.clone());
        found.push(Named { kind: "TRIGGER".into(), name, detail: table, comment: None, follows });
    }
    let events = format!("SELECT event_name FROM information_schema.events WHERE event_schema = {database}");
    for line in catalogue.lines(&events).await? {
        let name = text(&line, 0).to_string();
        found.push(Named { kind: "EVENT".into(), name, detail: String::new(), comment: None, follows: None });
    }
    Ok(found)
}
