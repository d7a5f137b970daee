//! What has no shape in the model: one statement that creates each, and those that make it what it is.
//!
//! Every part of the query gives kind, catalogue, oid, namespace, name, signature, definition, settings, owner; the whole
//! adds the array of a type.
//! What has to stay secret (passwords among the options of user mappings) is not read.

/// The query for a server version.
#[rustfmt::skip]
pub(super) fn query(version: u32) -> String {
    let mut parts = vec![
        RULES, STATISTICS, COLLATIONS, CASTS, OPERATORS, FAMILIES, CLASSES, EVENT_TRIGGERS, WRAPPERS, MAPPINGS,
        LANGUAGES, PARSERS, TEMPLATES, DICTIONARIES, CONFIGURATIONS, TRANSFORMS, METHODS, BASE_TYPES, CONVERSIONS,
        SUBSCRIPTIONS,
    ];
    parts.push(if version >= 150_000 { PUBLICATIONS } else { PUBLICATIONS_14 });
    let generated = if version >= 180_000 {
        "case when p.pubgencols = 's' then ', publish_generated_columns = stored' else '' end"
    } else {
        "''"
    };
    let parts = parts.join(" union all ").replace("{generated}", generated);
    format!(
        "select o.*, case when o.kind = 'TYPE' then (select t.typarray from pg_catalog.pg_type t where t.oid = o.oid) end
         from ({parts}) o
         where not exists (select from pg_catalog.pg_depend x where x.classid = o.class and x.objid = o.oid
             and x.deptype in ('e', 'i'))"
    )
}

const RULES: &str = "
select 'RULE' as kind, 2618::oid as class, r.oid as oid, n.nspname::text, r.rulename::text,
    pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as signature,
    pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';') as definition,
    case when r.ev_enabled <> 'O' then array['ALTER TABLE ' || pg_catalog.quote_ident(n.nspname) || '.'
        || pg_catalog.quote_ident(c.relname) || case r.ev_enabled when 'D' then ' DISABLE' when 'A' then ' ENABLE ALWAYS'
        else ' ENABLE REPLICA' end || ' RULE ' || pg_catalog.quote_ident(r.rulename)] end as settings,
    null::text as owner
from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where {ns} and r.rulename <> '_RETURN'";

const STATISTICS: &str = "
select 'STATISTICS', 3381, s.oid, n.nspname::text, s.stxname::text, '', pg_catalog.pg_get_statisticsobjdef(s.oid),
    case when s.stxstattarget >= 0 then array['ALTER STATISTICS ' || pg_catalog.quote_ident(n.nspname) || '.'
        || pg_catalog.quote_ident(s.stxname) || ' SET STATISTICS ' || s.stxstattarget] end,
    {owner:s.stxowner}
from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
where {ns}";

const COLLATIONS: &str = "
select 'COLLATION', 3456, k.oid, n.nspname::text, k.collname::text, '',
    'CREATE COLLATION ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(k.collname) || ' (provider = '
        || case k.collprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end
        || case when not k.collisdeterministic then ', deterministic = false' else '' end
        || case when k.collprovider = 'c' and k.collcollate <> k.collctype
            then ', lc_collate = ' || pg_catalog.quote_literal(k.collcollate) || ', lc_ctype = '
                || pg_catalog.quote_literal(k.collctype)
            else ', locale = ' || pg_catalog.quote_literal(coalesce(pg_catalog.to_jsonb(k)->>'colliculocale',
                pg_catalog.to_jsonb(k)->>'colllocale', k.collcollate)) end
        || coalesce(', rules = ' || pg_catalog.quote_literal(pg_catalog.to_jsonb(k)->>'collicurules'), '') || ')',
    null::text[], {owner:k.collowner}
from pg_catalog.pg_collation k join pg_catalog.pg_namespace n on n.oid = k.collnamespace
where {ns}";

const CASTS: &str = "
select 'CAST', 2605, k.oid, '', pg_catalog.format_type(k.castsource, null) || ' AS '
        || pg_catalog.format_type(k.casttarget, null),
    '(' || pg_catalog.format_type(k.castsource, null) || ' AS ' || pg_catalog.format_type(k.casttarget, null) || ')',
    'CREATE CAST (' || pg_catalog.format_type(k.castsource, null) || ' AS '
        || pg_catalog.format_type(k.casttarget, null) || ') '
        || case k.castmethod when 'i' then 'WITH INOUT' when 'b' then 'WITHOUT FUNCTION'
            else 'WITH FUNCTION ' || k.castfunc::regprocedure::text end
        || case k.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end,
    null::text[], null::text
from pg_catalog.pg_cast k where k.oid >= 16384";

const OPERATORS: &str = "
select 'OPERATOR', 2617, p.oid, n.nspname::text, p.oprname::text,
    '(' || case when p.oprleft = 0 then 'NONE' else pg_catalog.format_type(p.oprleft, null) end || ', '
        || pg_catalog.format_type(p.oprright, null) || ')',
    'CREATE OPERATOR ' || pg_catalog.quote_ident(n.nspname) || '.' || p.oprname || ' (FUNCTION = ' || p.oprcode::text
        || case when p.oprleft <> 0 then ', LEFTARG = ' || pg_catalog.format_type(p.oprleft, null) else '' end
        || ', RIGHTARG = ' || pg_catalog.format_type(p.oprright, null)
        || coalesce((select ', COMMUTATOR = OPERATOR(' || pg_catalog.quote_ident(k.nspname) || '.' || o.oprname || ')'
            from pg_catalog.pg_operator o join pg_catalog.pg_namespace k on k.oid = o.oprnamespace
            where o.oid = p.oprcom), '')
        || coalesce((select ', NEGATOR = OPERATOR(' || pg_catalog.quote_ident(k.nspname) || '.' || o.oprname || ')'
            from pg_catalog.pg_operator o join pg_catalog.pg_namespace k on k.oid = o.oprnamespace
            where o.oid = p.oprnegate), '')
        || case when p.oprrest <> 0 then ', RESTRICT = ' || p.oprrest::text else '' end
        || case when p.oprjoin <> 0 then ', JOIN = ' || p.oprjoin::text else '' end
        || case when p.oprcanhash then ', HASHES' else '' end
        || case when p.oprcanmerge then ', MERGES' else '' end || ')',
    null::text[], {owner:p.oprowner}
from pg_catalog.pg_operator p join pg_catalog.pg_namespace n on n.oid = p.oprnamespace
where {ns} and p.oprcode <> 0";

/// With the members of a family that belong to no class of it.
const FAMILIES: &str = "
select 'OPERATOR FAMILY', 2753, f.oid, n.nspname::text, f.opfname::text, 'USING ' || pg_catalog.quote_ident(m.amname),
    'CREATE OPERATOR FAMILY ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.opfname)
        || ' USING ' || pg_catalog.quote_ident(m.amname),
    array(select 'ALTER OPERATOR FAMILY ' || pg_catalog.quote_ident(n.nspname) || '.'
            || pg_catalog.quote_ident(f.opfname) || ' USING ' || pg_catalog.quote_ident(m.amname) || ' ADD ' || loose.sql
        from (
            select 1 as part, o.amopstrategy as number, 'OPERATOR ' || o.amopstrategy || ' ' || o.amopopr::regoperator::text
                || case when o.amopsortfamily <> 0 then ' FOR ORDER BY ' || (select pg_catalog.quote_ident(x.nspname)
                    || '.' || pg_catalog.quote_ident(s.opfname) from pg_catalog.pg_opfamily s
                    join pg_catalog.pg_namespace x on x.oid = s.opfnamespace where s.oid = o.amopsortfamily) else '' end as sql
            from pg_catalog.pg_amop o join pg_catalog.pg_depend d on d.classid = 2602 and d.objid = o.oid
                and d.refclassid = 2753 and d.refobjid = f.oid
            union all
            select 2, o.amprocnum, 'FUNCTION ' || o.amprocnum || ' (' || pg_catalog.format_type(o.amproclefttype, null)
                || ', ' || pg_catalog.format_type(o.amprocrighttype, null) || ') ' || o.amproc::regprocedure::text
            from pg_catalog.pg_amproc o join pg_catalog.pg_depend d on d.classid = 2603 and d.objid = o.oid
                and d.refclassid = 2753 and d.refobjid = f.oid) loose
        order by loose.part, loose.number, loose.sql),
    {owner:f.opfowner}
from pg_catalog.pg_opfamily f join pg_catalog.pg_namespace n on n.oid = f.opfnamespace
    join pg_catalog.pg_am m on m.oid = f.opfmethod
where {ns}";

const CLASSES: &str = "
select 'OPERATOR CLASS', 2616, c.oid, n.nspname::text, c.opcname::text, 'USING ' || pg_catalog.quote_ident(m.amname),
    'CREATE OPERATOR CLASS ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.opcname)
        || case when c.opcdefault then ' DEFAULT' else '' end || ' FOR TYPE ' || pg_catalog.format_type(c.opcintype, null)
        || ' USING ' || pg_catalog.quote_ident(m.amname) || ' FAMILY ' || pg_catalog.quote_ident(k.nspname) || '.'
        || pg_catalog.quote_ident(f.opfname) || ' AS ' || pg_catalog.concat_ws(', ',
            case when c.opckeytype <> 0 then 'STORAGE ' || pg_catalog.format_type(c.opckeytype, null) end,
            (select pg_catalog.string_agg('OPERATOR ' || o.amopstrategy || ' ' || o.amopopr::regoperator::text
                || case when o.amopsortfamily <> 0 then ' FOR ORDER BY ' || (select pg_catalog.quote_ident(x.nspname)
                    || '.' || pg_catalog.quote_ident(s.opfname) from pg_catalog.pg_opfamily s
                    join pg_catalog.pg_namespace x on x.oid = s.opfnamespace where s.oid = o.amopsortfamily) else '' end,
                ', ' order by o.amopstrategy)
             from pg_catalog.pg_amop o join pg_catalog.pg_depend d on d.classid = 2602 and d.objid = o.oid
                 and d.refclassid = 2616 and d.refobjid = c.oid),
            (select pg_catalog.string_agg('FUNCTION ' || o.amprocnum || ' ('
                || pg_catalog.format_type(o.amproclefttype, null) || ', '
                || pg_catalog.format_type(o.amprocrighttype, null) || ') ' || o.amproc::regprocedure::text,
                ', ' order by o.amprocnum)
             from pg_catalog.pg_amproc o join pg_catalog.pg_depend d on d.classid = 2603 and d.objid = o.oid
                 and d.refclassid = 2616 and d.refobjid = c.oid),
            case when c.opckeytype = 0 and not exists (select from pg_catalog.pg_depend d
                where d.classid in (2602, 2603) and d.refclassid = 2616 and d.refobjid = c.oid)
                then 'STORAGE ' || pg_catalog.format_type(c.opcintype, null) end),
    null::text[], {owner:c.opcowner}
from pg_catalog.pg_opclass c join pg_catalog.pg_namespace n on n.oid = c.opcnamespace
    join pg_catalog.pg_am m on m.oid = c.opcmethod
    join pg_catalog.pg_opfamily f on f.oid = c.opcfamily join pg_catalog.pg_namespace k on k.oid = f.opfnamespace
where {ns}";

const EVENT_TRIGGERS: &str = "
select 'EVENT TRIGGER', 3466, e.oid, '', e.evtname::text, '',
    'CREATE EVENT TRIGGER ' || pg_catalog.quote_ident(e.evtname) || ' ON ' || e.evtevent
        || case when e.evttags is not null then ' WHEN TAG IN ('
            || (select pg_catalog.string_agg(pg_catalog.quote_literal(x), ', ') from pg_catalog.unnest(e.evttags) x)
            || ')' else '' end
        || ' EXECUTE FUNCTION ' || e.evtfoid::regprocedure::text,
    case when e.evtenabled <> 'O' then array['ALTER EVENT TRIGGER ' || pg_catalog.quote_ident(e.evtname)
        || case e.evtenabled when 'D' then ' DISABLE' when 'A' then ' ENABLE ALWAYS' else ' ENABLE REPLICA' end] end,
    {owner:e.evtowner}
from pg_catalog.pg_event_trigger e";

const WRAPPERS: &str = "
select 'FOREIGN DATA WRAPPER', 2328, w.oid, '', w.fdwname::text, '',
    'CREATE FOREIGN DATA WRAPPER ' || pg_catalog.quote_ident(w.fdwname)
        || case when w.fdwhandler <> 0 then ' HANDLER ' || w.fdwhandler::regproc::text else '' end
        || case when w.fdwvalidator <> 0 then ' VALIDATOR ' || w.fdwvalidator::regproc::text else '' end
        || coalesce(' OPTIONS (' || (select pg_catalog.string_agg(pg_catalog.quote_ident(o.option_name) || ' '
            || pg_catalog.quote_literal(o.option_value), ', ') from pg_catalog.pg_options_to_table(w.fdwoptions) o)
            || ')', ''),
    null::text[], {owner:w.fdwowner}
from pg_catalog.pg_foreign_data_wrapper w";

const MAPPINGS: &str = "
select 'USER MAPPING', 1418, u.oid, '', s.srvname::text,
    'FOR ' || who.name || ' SERVER ' || pg_catalog.quote_ident(s.srvname),
    'CREATE USER MAPPING FOR ' || who.name || ' SERVER ' || pg_catalog.quote_ident(s.srvname)
        || coalesce(' OPTIONS (' || (select pg_catalog.string_agg(pg_catalog.quote_ident(o.option_name) || ' '
            || pg_catalog.quote_literal(o.option_value), ', ') from pg_catalog.pg_options_to_table(u.umoptions) o
            where o.option_name !~ '(password|secret|token|key)') || ')', ''),
    null::text[], null::text
from pg_catalog.pg_user_mappings m join pg_catalog.pg_foreign_server s on s.oid = m.srvid
    cross join lateral (select case when m.umuser = 0 then 'PUBLIC' else pg_catalog.quote_ident(m.usename) end as name) who
    cross join lateral (select m.umid as oid, m.umoptions) u";

const LANGUAGES: &str = "
select 'LANGUAGE', 2612, l.oid, '', l.lanname::text, '',
    'CREATE' || case when l.lanpltrusted then ' TRUSTED' else '' end || ' LANGUAGE ' || pg_catalog.quote_ident(l.lanname)
        || ' HANDLER ' || l.lanplcallfoid::regproc::text
        || case when l.laninline <> 0 then ' INLINE ' || l.laninline::regproc::text else '' end
        || case when l.lanvalidator <> 0 then ' VALIDATOR ' || l.lanvalidator::regproc::text else '' end,
    null::text[], {owner:l.lanowner}
from pg_catalog.pg_language l where l.lanispl and l.lanplcallfoid <> 0 and l.lanname <> 'plpgsql'";

const PARSERS: &str = "
select 'TEXT SEARCH PARSER', 3601, p.oid, n.nspname::text, p.prsname::text, '',
    'CREATE TEXT SEARCH PARSER ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.prsname)
        || ' (START = ' || p.prsstart::text || ', GETTOKEN = ' || p.prstoken::text || ', END = ' || p.prsend::text
        || case when p.prsheadline <> 0 then ', HEADLINE = ' || p.prsheadline::text else '' end
        || ', LEXTYPES = ' || p.prslextype::text || ')',
    null::text[], null::text
from pg_catalog.pg_ts_parser p join pg_catalog.pg_namespace n on n.oid = p.prsnamespace where {ns}";

const TEMPLATES: &str = "
select 'TEXT SEARCH TEMPLATE', 3764, t.oid, n.nspname::text, t.tmplname::text, '',
    'CREATE TEXT SEARCH TEMPLATE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.tmplname)
        || ' (' || case when t.tmplinit <> 0 then 'INIT = ' || t.tmplinit::text || ', ' else '' end
        || 'LEXIZE = ' || t.tmpllexize::text || ')',
    null::text[], null::text
from pg_catalog.pg_ts_template t join pg_catalog.pg_namespace n on n.oid = t.tmplnamespace where {ns}";

const DICTIONARIES: &str = "
select 'TEXT SEARCH DICTIONARY', 3600, d.oid, n.nspname::text, d.dictname::text, '',
    'CREATE TEXT SEARCH DICTIONARY ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(d.dictname)
        || ' (TEMPLATE = ' || pg_catalog.quote_ident(k.nspname) || '.' || pg_catalog.quote_ident(t.tmplname)
        || coalesce(', ' || d.dictinitoption, '') || ')',
    null::text[], {owner:d.dictowner}
from pg_catalog.pg_ts_dict d join pg_catalog.pg_namespace n on n.oid = d.dictnamespace
    join pg_catalog.pg_ts_template t on t.oid = d.dicttemplate
    join pg_catalog.pg_namespace k on k.oid = t.tmplnamespace
where {ns}";

const CONFIGURATIONS: &str = "
select 'TEXT SEARCH CONFIGURATION', 3602, c.oid, n.nspname::text, c.cfgname::text, '',
    'CREATE TEXT SEARCH CONFIGURATION ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.cfgname)
        || ' (PARSER = ' || pg_catalog.quote_ident(k.nspname) || '.' || pg_catalog.quote_ident(p.prsname) || ')',
    array(select 'ALTER TEXT SEARCH CONFIGURATION ' || pg_catalog.quote_ident(n.nspname) || '.'
            || pg_catalog.quote_ident(c.cfgname) || ' ADD MAPPING FOR ' || pg_catalog.quote_ident(y.alias) || ' WITH '
            || pg_catalog.string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno)
          from pg_catalog.pg_ts_config_map m join pg_catalog.ts_token_type(c.cfgparser) y on y.tokid = m.maptokentype
          where m.mapcfg = c.oid group by y.tokid, y.alias order by y.tokid),
    {owner:c.cfgowner}
from pg_catalog.pg_ts_config c join pg_catalog.pg_namespace n on n.oid = c.cfgnamespace
    join pg_catalog.pg_ts_parser p on p.oid = c.cfgparser join pg_catalog.pg_namespace k on k.oid = p.prsnamespace
where {ns}";

const TRANSFORMS: &str = "
select 'TRANSFORM', 3576, t.oid, '', pg_catalog.format_type(t.trftype, null),
    'FOR ' || pg_catalog.format_type(t.trftype, null) || ' LANGUAGE ' || pg_catalog.quote_ident(l.lanname),
    'CREATE TRANSFORM FOR ' || pg_catalog.format_type(t.trftype, null) || ' LANGUAGE '
        || pg_catalog.quote_ident(l.lanname) || ' (' || pg_catalog.concat_ws(', ',
            case when t.trffromsql <> 0 then 'FROM SQL WITH FUNCTION ' || t.trffromsql::regprocedure::text end,
            case when t.trftosql <> 0 then 'TO SQL WITH FUNCTION ' || t.trftosql::regprocedure::text end) || ')',
    null::text[], null::text
from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang";

const METHODS: &str = "
select 'ACCESS METHOD', 2601, m.oid, '', m.amname::text, '',
    'CREATE ACCESS METHOD ' || pg_catalog.quote_ident(m.amname) || ' TYPE '
        || case m.amtype when 't' then 'TABLE' else 'INDEX' end || ' HANDLER ' || m.amhandler::regproc::text,
    null::text[], null::text
from pg_catalog.pg_am m where m.oid >= 16384";

/// Types of somebody's own C code, and those that only have a name so far.
const BASE_TYPES: &str = "
select 'TYPE', 1247, t.oid, n.nspname::text, t.typname::text, '',
    'CREATE TYPE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname)
        || case when t.typtype = 'p' then '' else ' (INPUT = ' || t.typinput::text || ', OUTPUT = ' || t.typoutput::text
            || case when t.typreceive <> 0 then ', RECEIVE = ' || t.typreceive::text else '' end
            || case when t.typsend <> 0 then ', SEND = ' || t.typsend::text else '' end
            || case when t.typmodin <> 0 then ', TYPMOD_IN = ' || t.typmodin::text else '' end
            || case when t.typmodout <> 0 then ', TYPMOD_OUT = ' || t.typmodout::text else '' end
            || case when t.typanalyze <> 0 then ', ANALYZE = ' || t.typanalyze::text else '' end
            || coalesce(', SUBSCRIPT = ' || nullif(pg_catalog.to_jsonb(t)->>'typsubscript', '-'), '')
            || ', INTERNALLENGTH = ' || case when t.typlen < 0 then 'VARIABLE' else t.typlen::text end
            || case when t.typbyval then ', PASSEDBYVALUE' else '' end
            || ', ALIGNMENT = ' || case t.typalign when 'c' then 'char' when 's' then 'int2' when 'd' then 'double'
                else 'int4' end
            || ', STORAGE = ' || case t.typstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main'
                else 'extended' end
            || ', CATEGORY = ' || pg_catalog.quote_literal(t.typcategory::text)
            || case when t.typispreferred then ', PREFERRED = true' else '' end
            || coalesce(', DEFAULT = ' || pg_catalog.quote_literal(t.typdefault), '')
            || case when t.typelem <> 0 then ', ELEMENT = ' || pg_catalog.format_type(t.typelem, null) else '' end
            || case when t.typdelim <> ',' then ', DELIMITER = ' || pg_catalog.quote_literal(t.typdelim::text) else '' end
            || case when t.typcollation <> 0 then ', COLLATABLE = true' else '' end || ')' end,
    null::text[], {owner:t.typowner}
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where {ns} and (t.typtype = 'p' or t.typtype = 'b'
    and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid))";

const CONVERSIONS: &str = "
select 'CONVERSION', 2607, v.oid, n.nspname::text, v.conname::text, '',
    'CREATE' || case when v.condefault then ' DEFAULT' else '' end || ' CONVERSION ' || pg_catalog.quote_ident(n.nspname)
        || '.' || pg_catalog.quote_ident(v.conname) || ' FOR '
        || pg_catalog.quote_literal(pg_catalog.pg_encoding_to_char(v.conforencoding)) || ' TO '
        || pg_catalog.quote_literal(pg_catalog.pg_encoding_to_char(v.contoencoding)) || ' FROM ' || v.conproc::text,
    null::text[], {owner:v.conowner}
from pg_catalog.pg_conversion v join pg_catalog.pg_namespace n on n.oid = v.connamespace
where {ns}";

/// Subscriptions are only reported: how they connect is a secret.
const SUBSCRIPTIONS: &str = "
select 'SUBSCRIPTION', 6100, s.oid, '', s.subname::text, '', '', null::text[], {owner:s.subowner}
from pg_catalog.pg_subscription s
where s.subdbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())";

const PUBLICATIONS: &str = "
select 'PUBLICATION', 6104, p.oid, '', p.pubname::text, '',
    'CREATE PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
        || case when p.puballtables then ' FOR ALL TABLES' else coalesce(' FOR ' || nullif(pg_catalog.concat_ws(', ',
            (select 'TABLE ' || pg_catalog.string_agg(item.sql, ', ' order by item.sql) from (
                select 'ONLY ' || r.prrelid::regclass::text
                    || coalesce(' (' || (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
                        from pg_catalog.pg_attribute a where a.attrelid = r.prrelid
                            and a.attnum = any (r.prattrs::int2[])) || ')', '')
                    || coalesce(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', '') as sql
                from pg_catalog.pg_publication_rel r where r.prpubid = p.oid) item),
            (select 'TABLES IN SCHEMA ' || pg_catalog.string_agg(pg_catalog.quote_ident(s.nspname), ', ' order by s.nspname)
             from pg_catalog.pg_publication_namespace k join pg_catalog.pg_namespace s on s.oid = k.pnnspid
             where k.pnpubid = p.oid)), ''), '') end
        || ' WITH (publish = ' || pg_catalog.quote_literal(pg_catalog.concat_ws(', ',
            case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
            case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end))
        || case when p.pubviaroot then ', publish_via_partition_root = true' else '' end || {generated} || ')',
    null::text[], {owner:p.pubowner}
from pg_catalog.pg_publication p";

const PUBLICATIONS_14: &str = "
select 'PUBLICATION', 6104, p.oid, '', p.pubname::text, '',
    'CREATE PUBLICATION ' || pg_catalog.quote_ident(p.pubname)
        || case when p.puballtables then ' FOR ALL TABLES' else coalesce(' FOR TABLE '
            || (select pg_catalog.string_agg('ONLY ' || r.prrelid::regclass::text, ', ' order by r.prrelid::regclass::text)
                from pg_catalog.pg_publication_rel r where r.prpubid = p.oid), '') end
        || ' WITH (publish = ' || pg_catalog.quote_literal(pg_catalog.concat_ws(', ',
            case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
            case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end))
        || case when p.pubviaroot then ', publish_via_partition_root = true' else '' end || ')',
    null::text[], {owner:p.pubowner}
from pg_catalog.pg_publication p";
