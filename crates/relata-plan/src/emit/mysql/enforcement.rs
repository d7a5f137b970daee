//! What is enforced: MariaDB enforces every constraint, MySQL every foreign key. A constraint that shall not be is refused, never
//! made and enforced in silence.

use relata_schema::Diagnostic;
use relata_schema::change::{Alteration, Change, TableChange};
use relata_schema::dialect::mysql::Server;
use relata_schema::model::{ObjectKey, ObjectKind, Table};

/// An error for each constraint that comes and shall not be enforced, where the server has no such thing.
pub(super) fn refused(changes: &[Change], server: Server) -> Vec<Diagnostic> {
    changes.iter().flat_map(|change| in_change(change, server)).collect()
}

fn in_change(change: &Change, server: Server) -> Vec<Diagnostic> {
    match change {
        Change::CreateTable(table) => {
            let checks = table.checks.iter().filter(|check| check.not_enforced && server == Server::MariaDb);
            let keys = table.foreign_keys.iter().filter(|key| key.not_enforced);
            let checks = checks.map(|check| refuse(table, ObjectKind::Check, &check.name, server));
            checks.chain(keys.map(|key| refuse(table, ObjectKind::ForeignKey, &key.name, server))).collect()
        }
        Change::AlterTable { to, changes, .. } => {
            changes.iter().filter_map(|change| in_table(to, change, server)).collect()
        }
        _ => Vec::new(),
    }
}

fn in_table(table: &Table, change: &TableChange, server: Server) -> Option<Diagnostic> {
    match change {
        TableChange::Check(Alteration::Create(check) | Alteration::Alter { to: check, .. })
            if check.not_enforced && server == Server::MariaDb =>
        {
            Some(refuse(table, ObjectKind::Check, &check.name, server))
        }
        TableChange::ForeignKey(Alteration::Create(key) | Alteration::Alter { to: key, .. }) if key.not_enforced => {
            Some(refuse(table, ObjectKind::ForeignKey, &key.name, server))
        }
        _ => None,
    }
}

fn refuse(table: &Table, kind: ObjectKind, name: &str, server: Server) -> Diagnostic {
    let (product, what) = match server {
        Server::MariaDb => ("MariaDB", "constraint"),
        Server::MySql => ("MySQL", "foreign key"),
    };
    let message = format!("{product} enforces every {what}: {name} of {} cannot be NOT ENFORCED", table.name);
    Diagnostic::error("plan-impossible", message)
        .about(ObjectKey::member(kind, &table.name, name))
        .help("leave NOT ENFORCED out, or leave the constraint out until every row keeps it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use relata_schema::model::{Check, ForeignKey, ObjectName};

    #[test]
    fn what_is_not_enforced_is_refused_where_it_cannot_be() {
        let check = Check { name: "c".into(), not_enforced: true, ..Check::default() };
        let key = ForeignKey { name: "k".into(), not_enforced: true, ..ForeignKey::default() };
        let table = Table {
            name: ObjectName::bare("t"),
            checks: vec![check.clone(), Check::default()],
            foreign_keys: vec![key.clone()],
            ..Table::default()
        };
        let come = vec![
            TableChange::Check(Alteration::Create(Box::new(check))),
            TableChange::ForeignKey(Alteration::Create(Box::new(key))),
        ];
        let (from, to) = (Box::default(), Box::new(table.clone()));
        for change in [Change::CreateTable(Box::new(table)), Change::AlterTable { from, to, changes: come }] {
            let said = |server| refused(std::slice::from_ref(&change), server).into_iter().map(|found| found.message);
            let of_mariadb: Vec<String> = said(Server::MariaDb).collect();
            assert_eq!(of_mariadb[0], "MariaDB enforces every constraint: c of t cannot be NOT ENFORCED");
            assert_eq!(of_mariadb.len(), 2);
            let of_mysql: Vec<String> = said(Server::MySql).collect();
            assert_eq!(of_mysql, ["MySQL enforces every foreign key: k of t cannot be NOT ENFORCED"]);
        }
    }
}
