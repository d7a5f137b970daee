//! Who owns what, and which sequence belongs to which column.
//!
//! A sequence has the owner of the table that it belongs to: the server sees to it while it is tied, and refuses to tie
//! it to the table of somebody else.

use relata_schema::Type;
use relata_schema::dialect::postgres::print::{ident, object_target, owner, qualified, set_owner};
use relata_schema::model::{Column, ObjectKey, ObjectKind, ObjectName, Sequence};

use super::objects::made_anew;
use super::scope::Scope;
use super::steps::Steps;

/// Adds the steps that bring owners to what they shall be, and tie sequences to their columns.
pub(super) fn owners(scope: &Scope<'_>, order: &[ObjectKey], steps: &mut Steps) {
    let rest: Vec<_> = order.iter().filter(|key| key.kind != ObjectKind::Sequence).collect();
    owners_of(scope, &rest, steps);
    for to in &scope.to.sequences {
        sequence(scope, to, steps);
    }
}

/// Brings the owners of some objects to what they shall be.
pub(super) fn owners_of(scope: &Scope<'_>, keys: &[&ObjectKey], steps: &mut Steps) {
    for key in keys {
        let Some(wanted) = owner(scope.to, key) else { continue };
        let there = owner(&scope.from, key).filter(|_| !made_anew(scope, key));
        if there.flatten() != wanted
            && let Some(target) = object_target(scope.to, key)
        {
            let what = format!("set owner of {}", target.to_lowercase());
            steps.add(what, (*key).clone(), set_owner(&target, wanted));
        }
    }
}

fn sequence(scope: &Scope<'_>, to: &Sequence, steps: &mut Steps) {
    let key = ObjectKey::of(ObjectKind::Sequence, &to.name);
    let name = qualified(&to.name);
    let from = scope.from.sequences.iter().find(|from| from.name == to.name).filter(|_| !scope.is_cleared(&key));
    let goes = |(table, column): &(ObjectName, String)| super::clear::column_goes(scope, table, column);
    let before = from.and_then(|from| from.owned_by.clone()).filter(|owner| !goes(owner));
    // What it has when it comes here: that of the table it was tied to, which may have got another owner just now.
    let has = match (from, &before) {
        (Some(_), Some((table, _))) => scope.to.table(table).and_then(|table| table.owner.clone()),
        (Some(from), None) => match &from.owned_by {
            Some((table, _)) => scope.from.table(table).and_then(|table| table.owner.clone()),
            None => from.owner.clone(),
        },
        (None, _) => None,
    };
    let wanted = match &to.owned_by {
        Some((table, _)) => scope.to.table(table).and_then(|table| table.owner.clone()),
        None => to.owner.clone(),
    };
    let what = format!("set owner of sequence {}", to.name);
    let mut run = |sql: String| {
        steps.add(what.clone(), key.clone(), sql);
    };
    if before.is_some() && before != to.owned_by && (to.owned_by.is_none() || has != wanted) {
        run(format!("ALTER SEQUENCE {name} OWNED BY NONE"));
    }
    if has != wanted {
        run(set_owner(&format!("SEQUENCE {name}"), wanted.as_deref()));
    }
    if let Some((table, column)) = to.owned_by.as_ref().filter(|_| before != to.owned_by) {
        run(format!("ALTER SEQUENCE {name} OWNED BY {}.{}", qualified(table), ident(column)));
        let has_rows = scope.survives(table) || scope.remade.contains(table);
        let number = |column: &Column| matches!(column.ty.logical, Type::Int(_) | Type::Decimal(_));
        let numbers = scope.to.table(table).and_then(|table| table.column(column)).is_some_and(number);
        let there = numbers && scope.from.table(table).is_some_and(|table| table.column(column).is_some());
        if from.is_none() && there && has_rows && !scope.clears(ObjectKind::Column, table, column) {
            run(super::columns::go_on_numbering(table, column));
        }
    }
}
