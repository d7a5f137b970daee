//! The questions to the catalogue: one per kind of object for the whole database, none per table.
//!
//! `{ns}` stands for the condition on `n.nspname`. Names come as the catalogue has them, expressions and definitions in
//! the server's own spelling, qualified because the search path is empty.

use relata_schema::Dialect;
use relata_schema::model::ObjectName;
use relata_sql::driver::IntrospectOptions;

/// The objects of extensions are the extension's.
const OWN: &str = "not exists (select from pg_catalog.pg_depend x where x.classid = {class} and x.objid = {oid} \
                   and x.deptype = 'e')";

/// The name of an owner who is not the usual one: the role that owns the database, or that reads it.
const OWNER: &str =
    "(select u.rolname::text from pg_catalog.pg_roles u where u.oid = {of} and u.rolname <> current_user
    and u.rolname <> 'pg_database_owner'
    and u.oid <> (select b.datdba from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()))";

/// Puts the question for the owner in the place of `{owner:COLUMN}`.
fn with_owner(text: &str) -> String {
    let mut parts = text.split("{owner:");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (column, rest) = part.split_once('}').unwrap_or((part, ""));
        out.push_str(&OWNER.replace("{of}", column));
        out.push_str(rest);
    }
    out
}

/// Every query with its text for a server version.
pub(super) struct Queries {
    pub namespaces: String,
    pub extensions: String,
    pub types: String,
    pub ranges: String,
    pub classes: String,
    pub columns: String,
    pub column_types: String,
    pub sequences: String,
    pub constraints: String,
    pub indexes: String,
    pub triggers: String,
    pub policies: String,
    pub routines: String,
    pub servers: String,
    pub others: String,
    pub dependencies: String,
    pub comments: String,
    pub grants: String,
    pub default_privileges: String,
}

impl Queries {
    pub(super) fn new(version: u32, options: &IntrospectOptions) -> Self {
        let mut condition = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'".to_string();
        if !options.namespaces.is_empty() {
            let list = options.namespaces.iter().map(|name| Dialect::Postgres.literal(name)).collect::<Vec<_>>();
            condition.push_str(&format!(" and n.nspname in ({})", list.join(", ")));
        }
        let some = some_tables(&options.tables);
        let compression = if version >= 140_000 { "a.attcompression::text" } else { "''" };
        let nulls = if version >= 150_000 { "i.indnullsnotdistinct" } else { "false" };
        let set_columns = if version >= 150_000 { "c.confdelsetcols" } else { "null::int2[]" };
        // Before 17, each partition had or had not an identity of its own.
        let identity = if version >= 170_000 {
            "case when c.relispartition then '' else a.attidentity::text end"
        } else {
            "a.attidentity::text"
        };
        let temporal = if version >= 180_000 { "c.conenforced, c.conperiod" } else { "true, false" };
        let multirange = if version >= 140_000 {
            "(select m.typname::text from pg_catalog.pg_type m where m.oid = g.rngmultitypid)"
        } else {
            "''"
        };
        let multirange_oid = if version >= 140_000 { "g.rngmultitypid" } else { "0::oid" };
        let fill = |text: &str| {
            with_owner(text)
                .replace("{ns}", &condition)
                .replace("{compression}", compression)
                .replace("{nulls}", nulls)
                .replace("{set_columns}", set_columns)
                .replace("{identity}", identity)
                .replace("{temporal}", temporal)
        };
        // What belongs to relations, and what does not.
        let of = |text: &str, relation: &str| match &some {
            Some(some) => fill(&text.replace("{ns}", &format!("{{ns}} and {relation} in ({some})"))),
            None => fill(text),
        };
        let owned = |text: String, class: &str, oid: &str| {
            text.replace("{own}", &OWN.replace("{class}", class).replace("{oid}", oid))
        };
        let fill = |text: &str| if some.is_some() { NOTHING.to_string() } else { fill(text) };
        let own = |text: &str, class: &str, oid: &str| owned(fill(text), class, oid);
        Queries {
            namespaces: own(NAMESPACES, "2615", "n.oid"),
            extensions: fill(EXTENSIONS),
            types: own(TYPES, "1247", "t.oid"),
            ranges: own(
                &RANGES.replace("{multirange}", multirange).replace("{multirange_oid}", multirange_oid),
                "1247",
                "t.oid",
            ),
            classes: owned(of(CLASSES, "c.oid"), "1259", "c.oid"),
            columns: of(COLUMNS, "c.oid"),
            column_types: of(COLUMN_TYPES, "c.oid"),
            sequences: fill(SEQUENCES),
            constraints: of(CONSTRAINTS, "c.conrelid"),
            indexes: of(INDEXES, "c.oid"),
            triggers: of(TRIGGERS, "c.oid"),
            policies: fill(POLICIES),
            routines: own(ROUTINES, "1255", "p.oid"),
            servers: own(SERVERS, "1417", "s.oid"),
            others: fill(&super::others::query(version)),
            dependencies: fill(DEPENDENCIES),
            comments: fill(COMMENTS),
            grants: fill(GRANTS),
            default_privileges: fill(DEFAULT_PRIVILEGES),
        }
    }
}

/// The question for what nobody asked for.
const NOTHING: &str = "select where false";

/// The oids of tables, and of those that they refer to or are parts of; `None`: of all.
fn some_tables(tables: &[ObjectName]) -> Option<String> {
    let dialect = Dialect::Postgres;
    let names = tables.iter().map(|name| dialect.literal(&dialect.qualified(name))).collect::<Vec<_>>().join(", ");
    let named = format!("select pg_catalog.to_regclass(x)::oid from pg_catalog.unnest(array[{names}]) x");
    let some = format!(
        "{named} union all select k.confrelid from pg_catalog.pg_constraint k where k.contype = 'f' and k.conrelid in ({named}) \
         union all select h.inhparent from pg_catalog.pg_inherits h where h.inhrelid in ({named})"
    );
    (!tables.is_empty()).then_some(some)
}

const NAMESPACES: &str =
    "select n.oid, n.nspname::text, {owner:n.nspowner} from pg_catalog.pg_namespace n where {ns} and {own}";

const EXTENSIONS: &str = "
select e.oid, e.extname::text, n.nspname::text, e.extversion,
    (select a.comment from pg_catalog.pg_available_extensions() a where a.name = e.extname)
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'";

const TYPES: &str = "
select t.oid, t.typarray, t.typrelid, n.nspname::text, t.typname::text, t.typtype::text,
    array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder),
    t.typbasetype, case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
    t.typnotnull, pg_catalog.pg_get_expr(t.typdefaultbin, 0),
    (select case when k.nspname = 'pg_catalog' then '' else pg_catalog.quote_ident(k.nspname) || '.' end
        || pg_catalog.quote_ident(o.collname)
     from pg_catalog.pg_collation o join pg_catalog.pg_namespace k on k.oid = o.collnamespace
        join pg_catalog.pg_type b on b.oid = t.typbasetype
     where o.oid = t.typcollation and t.typcollation <> b.typcollation),
    {owner:t.typowner}
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where {ns} and {own} and (t.typtype in ('e', 'd')
    or t.typtype = 'c' and (select r.relkind from pg_catalog.pg_class r where r.oid = t.typrelid) = 'c')";

const CLASSES: &str = "
select c.oid, c.reltype, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text,
    c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text, c.relispopulated,
    c.reloptions, (select t.reloptions from pg_catalog.pg_class t where t.oid = c.reltoastrelid),
    (select s.spcname::text from pg_catalog.pg_tablespace s where s.oid = c.reltablespace),
    (select m.amname::text from pg_catalog.pg_am m where m.oid = c.relam),
    case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
    case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end,
    case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
    array(select h.inhparent from pg_catalog.pg_inherits h where h.inhrelid = c.oid order by h.inhseqno),
    (select t.typarray from pg_catalog.pg_type t where t.oid = c.reltype),
    {owner:c.relowner}, c.reloftype, f.ftoptions,
    (select s.srvname::text from pg_catalog.pg_foreign_server s where s.oid = f.ftserver),
    case when c.relkind = 'p' then array(
        select a.attname::text from pg_catalog.pg_depend d join pg_catalog.pg_attribute a
            on a.attrelid = d.objid and a.attnum = d.objsubid
        where d.classid = 1259 and d.objid = c.oid and d.objsubid > 0 and d.refclassid = 1259 and d.refobjid = c.oid
            and d.refobjsubid = 0 and d.deptype = 'i' order by a.attname) end
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_foreign_table f on f.ftrelid = c.oid
where {ns} and {own} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c') and c.relpersistence <> 't'";

const COLUMNS: &str = "
select a.attrelid, a.attnum, a.attname::text, a.atttypid, a.atttypmod, a.attnotnull,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, {identity},
    case when a.attcollation <> t.typcollation then
        (select case when k.nspname = 'pg_catalog' then '' else pg_catalog.quote_ident(k.nspname) || '.' end
            || pg_catalog.quote_ident(o.collname)
         from pg_catalog.pg_collation o join pg_catalog.pg_namespace k on k.oid = o.collnamespace
         where o.oid = a.attcollation) end,
    case when a.attstorage <> t.typstorage then a.attstorage::text end, {compression},
    a.attstattarget::int4, a.attoptions, a.attislocal, a.attfdwoptions
from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where {ns} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum";

const COLUMN_TYPES: &str = "
select u.atttypid, u.atttypmod, pg_catalog.format_type(u.atttypid, u.atttypmod),
    case when t.typcategory = 'A' then t.typelem else 0 end
from (select distinct a.atttypid, a.atttypmod
      from pg_catalog.pg_attribute a
          join pg_catalog.pg_class c on c.oid = a.attrelid
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where {ns} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and a.attnum > 0 and not a.attisdropped) u
    join pg_catalog.pg_type t on t.oid = u.atttypid";

const SEQUENCES: &str = "
select s.seqrelid, pg_catalog.format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
    s.seqcache, s.seqcycle, d.refobjid, d.refobjsubid, d.deptype::text
from pg_catalog.pg_sequence s
    join pg_catalog.pg_class c on c.oid = s.seqrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_depend d on d.classid = 1259 and d.objid = s.seqrelid and d.objsubid = 0
        and d.refclassid = 1259 and d.deptype in ('a', 'i')
where {ns}";

const CONSTRAINTS: &str = "
select c.oid, c.conname::text, c.contype::text, c.conrelid, c.contypid, c.conindid,
    case when c.conparentid <> 0 then
        (select p.conrelid from pg_catalog.pg_constraint p where p.oid = c.conparentid) end, c.confrelid,
    c.conkey, c.confkey, c.confupdtype::text, c.confdeltype::text, c.confmatchtype::text, {set_columns},
    c.condeferrable, c.condeferred, c.convalidated, c.conislocal, c.connoinherit,
    case when c.contype = 'c' then pg_catalog.pg_get_expr(c.conbin, c.conrelid) end,
    case when c.contype = 'x' then
        (select pg_catalog.array_agg(case when k.nspname = 'pg_catalog' then o.oprname::text
                else 'OPERATOR(' || pg_catalog.quote_ident(k.nspname) || '.' || o.oprname || ')' end order by e.at)
         from pg_catalog.unnest(c.conexclop) with ordinality e(id, at)
             join pg_catalog.pg_operator o on o.oid = e.id
             join pg_catalog.pg_namespace k on k.oid = o.oprnamespace) end, {temporal}
from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace
where {ns} and c.contype in ('p', 'u', 'c', 'x', 'f')";

/// `z` are those with settings of their own columns, which are few: what they have is only looked for there, and so are
/// operator classes where one is not the usual.
const INDEXES: &str = "
select i.indexrelid, i.indrelid, x.relname::text, x.relkind::text, i.indisunique, i.indisvalid, i.indisreplident,
    {nulls}, m.amname::text, i.indnkeyatts, i.indkey::int2[], i.indoption::int2[],
    case when z.attrelid is not null or i.indclass::oid[] operator(pg_catalog.&&)
            array(select o.oid from pg_catalog.pg_opclass o where not o.opcdefault) then
        array(select case when o.opcdefault and not exists (
                      select from pg_catalog.pg_attribute a, pg_catalog.unnest(a.attoptions) s
                      where a.attrelid = i.indexrelid and a.attnum = e.at and s !~ '^pg_') then '' else
                  case when k.nspname = 'pg_catalog' then '' else pg_catalog.quote_ident(k.nspname) || '.' end
                  || pg_catalog.quote_ident(o.opcname) end
              from pg_catalog.unnest(i.indclass::oid[]) with ordinality e(id, at)
                  join pg_catalog.pg_opclass o on o.oid = e.id
                  join pg_catalog.pg_namespace k on k.oid = o.opcnamespace
              order by e.at)
        else pg_catalog.array_fill(''::text, array[i.indnkeyatts::int4]) end,
    case when exists (select from pg_catalog.unnest(i.indcollation::oid[]) e(id) where e.id not in (0, 100)) then
        array(select coalesce((select case when k.nspname = 'pg_catalog' then ''
                      else pg_catalog.quote_ident(k.nspname) || '.' end || pg_catalog.quote_ident(o.collname)
                  from pg_catalog.pg_collation o join pg_catalog.pg_namespace k on k.oid = o.collnamespace
                  where o.oid = e.id and e.id is distinct from
                      (select a.attcollation from pg_catalog.pg_attribute a
                       where a.attrelid = i.indrelid and a.attnum = (i.indkey::int2[])[e.at - 1])), '')
              from pg_catalog.unnest(i.indcollation::oid[]) with ordinality e(id, at) order by e.at) end,
    case when i.indexprs is not null then
        array(select pg_catalog.pg_get_indexdef(i.indexrelid, g, false)
              from pg_catalog.generate_series(1, i.indnkeyatts::int4) g where (i.indkey::int2[])[g - 1] = 0 order by g)
    end,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid), x.reloptions,
    (select s.spcname::text from pg_catalog.pg_tablespace s where s.oid = x.reltablespace),
    (select array[pn.nspname::text, p.relname::text]
     from pg_catalog.pg_inherits h join pg_catalog.pg_class p on p.oid = h.inhparent
        join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
     where h.inhrelid = i.indexrelid),
    case when z.attrelid is not null
            and exists (select from pg_catalog.pg_attribute a, pg_catalog.unnest(a.attoptions) o
                        where a.attrelid = i.indexrelid and o !~ '^pg_')
        then array(select coalesce((select pg_catalog.string_agg(o, ', ') from pg_catalog.unnest(a.attoptions) o
                                    where o !~ '^pg_'), '')
                   from pg_catalog.pg_attribute a where a.attrelid = i.indexrelid order by a.attnum) end,
    i.indisclustered,
    case when z.attrelid is not null then
        array(select a.attnum || '=' || a.attstattarget from pg_catalog.pg_attribute a
              where a.attrelid = i.indexrelid and a.attstattarget >= 0 order by a.attnum)
        else '{}'::text[] end
from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_class c on c.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_am m on m.oid = x.relam
    left join (select distinct a.attrelid from pg_catalog.pg_attribute a
               where a.attnum > 0 and (a.attoptions is not null or a.attstattarget >= 0)) z on z.attrelid = i.indexrelid
where {ns} and c.relkind in ('r', 'p', 'm')";

const TRIGGERS: &str = "
select g.oid, g.tgrelid, g.tgname::text, pg_catalog.pg_get_triggerdef(g.oid), g.tgenabled::text, g.tgconstraint <> 0,
    g.tgparentid <> 0, g.tgfoid
from pg_catalog.pg_trigger g
    join pg_catalog.pg_class c on c.oid = g.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where {ns} and not g.tgisinternal";

const POLICIES: &str = "
select y.oid, y.polrelid, y.polname::text, y.polcmd::text, y.polpermissive,
    array(select r.rolname::text from pg_catalog.pg_roles r where r.oid = any (y.polroles)),
    pg_catalog.pg_get_expr(y.polqual, y.polrelid), pg_catalog.pg_get_expr(y.polwithcheck, y.polrelid)
from pg_catalog.pg_policy y
    join pg_catalog.pg_class c on c.oid = y.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where {ns}";

const ROUTINES: &str = "
select p.oid, n.nspname::text, p.proname::text, p.prokind::text, pg_catalog.pg_get_function_identity_arguments(p.oid),
    pg_catalog.pg_get_function_result(p.oid), l.lanname::text,
    case when p.prokind <> 'a' then pg_catalog.pg_get_functiondef(p.oid) else
        (select 'CREATE AGGREGATE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname)
            || '(' || case when g.aggkind = 'n' and p.pronargs = 0 then '*'
                else pg_catalog.pg_get_function_arguments(p.oid) end || E') (\\n    SFUNC = ' || g.aggtransfn::text
            || E',\\n    STYPE = ' || pg_catalog.format_type(g.aggtranstype, null)
            || case when g.aggtransspace <> 0 then E',\\n    SSPACE = ' || g.aggtransspace else '' end
            || case when g.aggfinalfn <> 0 then E',\\n    FINALFUNC = ' || g.aggfinalfn::text else '' end
            || case when g.aggfinalmodify <> case g.aggkind when 'n' then 'r' else 'w' end::\"char\" then E',\\n    FINALFUNC_MODIFY = '
                || case g.aggfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE' else 'READ_WRITE' end else '' end
            || case when g.aggfinalextra then E',\\n    FINALFUNC_EXTRA' else '' end
            || case when g.aggcombinefn <> 0 then E',\\n    COMBINEFUNC = ' || g.aggcombinefn::text else '' end
            || case when g.aggserialfn <> 0 then E',\\n    SERIALFUNC = ' || g.aggserialfn::text else '' end
            || case when g.aggdeserialfn <> 0 then E',\\n    DESERIALFUNC = ' || g.aggdeserialfn::text else '' end
            || case when g.agginitval is not null
                then E',\\n    INITCOND = ' || pg_catalog.quote_literal(g.agginitval) else '' end
            || case when g.aggmtransfn <> 0 then E',\\n    MSFUNC = ' || g.aggmtransfn::text
                || E',\\n    MINVFUNC = ' || g.aggminvtransfn::text
                || E',\\n    MSTYPE = ' || pg_catalog.format_type(g.aggmtranstype, null) else '' end
            || case when g.aggmfinalfn <> 0 then E',\\n    MFINALFUNC = ' || g.aggmfinalfn::text else '' end
            || case when g.aggmfinalextra then E',\\n    MFINALFUNC_EXTRA' else '' end
            || case when g.aggmtransspace <> 0 then E',\\n    MSSPACE = ' || g.aggmtransspace else '' end
            || case when g.aggmfinalfn <> 0 and g.aggmfinalmodify <> case g.aggkind when 'n' then 'r' else 'w' end::\"char\"
                then E',\\n    MFINALFUNC_MODIFY = ' || case g.aggmfinalmodify when 'r' then 'READ_ONLY' when 's' then 'SHAREABLE'
                else 'READ_WRITE' end else '' end
            || case when g.aggminitval is not null
                then E',\\n    MINITCOND = ' || pg_catalog.quote_literal(g.aggminitval) else '' end
            || case when g.aggsortop <> 0 then E',\\n    SORTOP = '
                || (select 'OPERATOR(' || pg_catalog.quote_ident(k.nspname) || '.' || o.oprname || ')'
                    from pg_catalog.pg_operator o join pg_catalog.pg_namespace k on k.oid = o.oprnamespace
                    where o.oid = g.aggsortop) else '' end
            || case when g.aggkind = 'h' then E',\\n    HYPOTHETICAL' else '' end
            || case p.proparallel when 's' then E',\\n    PARALLEL = SAFE' when 'r' then E',\\n    PARALLEL = RESTRICTED'
                else '' end || E'\\n)'
         from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid) end,
    {owner:p.proowner}
from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
where {ns} and {own}
    and not exists (select from pg_catalog.pg_depend x where x.classid = 1255 and x.objid = p.oid and x.deptype = 'i')";

const RANGES: &str = "
select t.oid, t.typarray, n.nspname::text, t.typname::text, g.rngsubtype, pg_catalog.format_type(g.rngsubtype, null),
    (select case when k.nspname = 'pg_catalog' then '' else pg_catalog.quote_ident(k.nspname) || '.' end
        || pg_catalog.quote_ident(o.opcname)
     from pg_catalog.pg_opclass o join pg_catalog.pg_namespace k on k.oid = o.opcnamespace
     where o.oid = g.rngsubopc and not o.opcdefault),
    (select case when k.nspname = 'pg_catalog' then '' else pg_catalog.quote_ident(k.nspname) || '.' end
        || pg_catalog.quote_ident(o.collname)
     from pg_catalog.pg_collation o join pg_catalog.pg_namespace k on k.oid = o.collnamespace
        join pg_catalog.pg_type b on b.oid = g.rngsubtype
     where o.oid = g.rngcollation and g.rngcollation <> b.typcollation),
    case when g.rngcanonical <> 0 then g.rngcanonical::text end,
    case when g.rngsubdiff <> 0 then g.rngsubdiff::text end,
    {multirange}, {multirange_oid},
    (select m.typarray from pg_catalog.pg_type m where m.oid = {multirange_oid}), {owner:t.typowner}
from pg_catalog.pg_range g join pg_catalog.pg_type t on t.oid = g.rngtypid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where {ns} and {own}";

const SERVERS: &str = "
select s.oid, s.srvname::text, w.fdwname::text, s.srvtype, s.srvversion, s.srvoptions, {owner:s.srvowner}
from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
where {own}";

/// A default or a view's rule counts as the relation it belongs to; the entries of an operator class, of a family or of a
/// publication as the class, family or publication. The last column is the column that a default belongs to.
const DEPENDENCIES: &str = "
select case when a.oid is not null or r.oid is not null then 1259::oid when m.oid is not null then m.owner
        when pr.oid is not null or pn.objid is not null then 6104 else d.classid end,
    coalesce(a.adrelid, r.ev_class, m.class, pr.publication, pn.refobjid, d.objid),
    coalesce(a.adnum::int4, d.objsubid), d.refclassid, d.refobjid, d.refobjsubid
from pg_catalog.pg_depend d
    left join pg_catalog.pg_attrdef a on d.classid = 2604 and a.oid = d.objid
    left join pg_catalog.pg_rewrite r on d.classid = 2618 and r.oid = d.objid and r.rulename = '_RETURN'
    left join (select i.classid, i.objid as oid, i.refclassid as owner, i.refobjid as class from pg_catalog.pg_depend i
               where i.classid in (2602, 2603)
                   and (i.refclassid = 2616 and i.deptype = 'i' or i.refclassid = 2753 and i.deptype = 'a')) m
        on m.classid = d.classid and m.oid = d.objid
    left join (select i.oid, i.prpubid as publication from pg_catalog.pg_publication_rel i) pr
        on d.classid = 6106 and pr.oid = d.objid
    left join pg_catalog.pg_depend pn on d.classid = 6237 and pn.classid = 6237 and pn.objid = d.objid
        and pn.refclassid = 6104
where d.objid >= 16384 and d.refobjid >= 16384 and d.deptype in ('n', 'a')
    and d.classid in (1259, 1255, 1247, 2604, 2606, 2618, 3381, 2605, 2617, 3466, 2602, 2603, 2616, 2753, 2620, 3256,
        6106, 6237, 3600, 3601, 3602, 3764, 3576, 2601, 2607, 2612, 2328, 1417, 1418)
    and d.refclassid in (1259, 1255, 1247, 2606, 2617, 3456, 2616, 2753, 3600, 3601, 3602, 3764, 2612, 2328, 1417,
        2615)";

const COMMENTS: &str = "
select d.classoid, d.objoid, d.objsubid, d.description from pg_catalog.pg_description d
where d.objoid >= 16384 or d.classoid = 2615 and d.objoid = 2200 and d.description <> 'standard public schema'";

/// What was granted beyond the default, and (last column) what of the default was revoked.
const GRANTS: &str = "
with held as (
    select 1259::oid as class, c.oid, 0 as sub, c.relacl as acl,
        pg_catalog.acldefault(case when c.relkind = 'S' then 's'::\"char\" else 'r'::\"char\" end, c.relowner) as base
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where {ns} and c.relacl is not null
    union all
    select 1259, c.oid, a.attnum, a.attacl, null::pg_catalog.aclitem[]
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where {ns} and a.attacl is not null and not a.attisdropped
    union all
    select 1255, p.oid, 0, p.proacl, pg_catalog.acldefault('f', p.proowner)
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where {ns} and p.proacl is not null
    union all
    select 1247, t.oid, 0, t.typacl, pg_catalog.acldefault('T', t.typowner)
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where {ns} and t.typacl is not null
    union all
    select 2615, n.oid, 0, n.nspacl, coalesce(
        (select i.initprivs from pg_catalog.pg_init_privs i where i.classoid = 2615 and i.objoid = n.oid),
        pg_catalog.acldefault('n', n.nspowner))
    from pg_catalog.pg_namespace n where {ns} and n.nspacl is not null
    union all
    select 1417, s.oid, 0, s.srvacl, pg_catalog.acldefault('S', s.srvowner)
    from pg_catalog.pg_foreign_server s where s.srvacl is not null
    union all
    select 2328, w.oid, 0, w.fdwacl, pg_catalog.acldefault('F', w.fdwowner)
    from pg_catalog.pg_foreign_data_wrapper w where w.fdwacl is not null
    union all
    select 2612, l.oid, 0, l.lanacl, pg_catalog.acldefault('l', l.lanowner)
    from pg_catalog.pg_language l where l.lanacl is not null and l.oid >= 16384
), given as (
    select h.class, h.oid, h.sub, e.grantee, e.privilege_type, e.is_grantable
    from held h, pg_catalog.aclexplode(h.acl) e
), usual as (
    select h.class, h.oid, h.sub, e.grantee, e.privilege_type, e.is_grantable
    from held h, pg_catalog.aclexplode(h.base) e
), differing as (
    select g.*, false as revoked from given g
    where (g.class, g.oid, g.sub, g.grantee, g.privilege_type, g.is_grantable) not in (select * from usual)
    union all
    select u.*, true from usual u
    where (u.class, u.oid, u.sub, u.grantee, u.privilege_type)
        not in (select g.class, g.oid, g.sub, g.grantee, g.privilege_type from given g)
)
select distinct d.class, d.oid, d.sub::int4,
    case when d.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(d.grantee)::text end,
    d.privilege_type, d.is_grantable, d.revoked
from differing d";

/// Without a namespace what is stored is everything an object gets; with one what it gets more.
const DEFAULT_PRIVILEGES: &str = "
with held as (
    select a.oid, coalesce({owner:a.defaclrole}, '') as role, coalesce(n.nspname::text, '') as namespace,
        case a.defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS'
            when 'T' then 'TYPES' else 'SCHEMAS' end as objects,
        a.defaclacl as acl,
        case when a.defaclnamespace = 0 then pg_catalog.acldefault(
            case a.defaclobjtype when 'S' then 's' else a.defaclobjtype end, a.defaclrole) end as base
    from pg_catalog.pg_default_acl a left join pg_catalog.pg_namespace n on n.oid = a.defaclnamespace
    where a.defaclnamespace = 0 or {ns}
), given as (
    select h.oid, e.grantee, e.privilege_type, e.is_grantable from held h, pg_catalog.aclexplode(h.acl) e
), usual as (
    select h.oid, e.grantee, e.privilege_type, e.is_grantable from held h, pg_catalog.aclexplode(h.base) e
), differing as (
    select g.*, false as revoked from given g where (g.oid, g.grantee, g.privilege_type, g.is_grantable)
        not in (select * from usual)
    union all
    select u.*, true from usual u
    where (u.oid, u.grantee, u.privilege_type) not in (select g.oid, g.grantee, g.privilege_type from given g)
)
select h.role, h.namespace, h.objects,
    case when d.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(d.grantee)::text end,
    d.privilege_type, d.is_grantable, d.revoked
from held h join differing d on d.oid = h.oid";
