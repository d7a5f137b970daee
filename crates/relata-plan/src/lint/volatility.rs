//! Which functions of PostgreSQL give one value for a whole statement, so that a default that calls them is kept in the
//! catalogue. What is not in the list may be anybody's function, and those are volatile unless they say otherwise.

/// Functions that are immutable or stable, and the forms that look like calls.
const STEADY: &str = "\
    abbrev abs acldefault acos acosd acosh age area array array_append array_cat array_dims array_fill array_length \
    array_lower array_ndims array_position array_positions array_prepend array_remove array_replace array_to_json \
    array_to_string array_to_tsvector array_upper ascii asin asind asinh atan atan2 atan2d atand atanh bigint bit \
    bit_count bit_length bool bound_box box bpchar broadcast cardinality cash_words cast cbrt ceil ceiling center \
    char char_length character_length chr cidr circle citext coalesce col_description concat concat_ws convert \
    convert_from convert_to cos cosd cosh cot cotd current_catalog current_database current_date current_role \
    current_schema current_schemas current_setting current_time current_timestamp current_user date date_bin \
    date_part date_trunc datemultirange daterange decimal decode degrees dexp diagonal diameter div double encode \
    enum_first enum_last enum_range exp extract factorial family float4 float8 floor format format_type gcd get_bit \
    get_byte get_current_ts_config greatest grouping hashtext height host hostmask hstore in_range inet_client_addr \
    initcap int2 int4 int4multirange int4range int8 int8multirange int8range integer interval is_normalized isclosed \
    isempty isfinite ishorizontal isopen isparallel isperp isvertical json json_array json_array_length \
    json_build_array json_build_object json_extract_path json_extract_path_text json_object json_scalar \
    json_strip_nulls json_to_record json_to_tsvector json_typeof jsonb jsonb_array_length jsonb_build_array \
    jsonb_build_object jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object jsonb_path_exists \
    jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz jsonb_path_query_array jsonb_path_query_array_tz \
    jsonb_path_query_first jsonb_path_query_first_tz jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls \
    jsonb_to_record jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lcm least left length \
    like like_escape line ln localtime localtimestamp log log10 lower lower_inf lpad lseg ltrim macaddr macaddr8 \
    make_date make_interval make_time make_timestamp make_timestamptz makeaclitem masklen md5 min_scale mod money \
    multirange mxid_age name netmask network normalize notlike now npoints nullif num_nonnulls num_nulls numeric \
    numeric_exp numeric_ln numeric_log numeric_sqrt nummultirange numnode numrange obj_description octet_length oid \
    overlaps overlay parse_ident path pg_size_pretty pg_typeof phraseto_tsquery pi plainto_tsquery point polygon \
    position pow power querytree quote_ident quote_literal quote_nullable radians radius real regclass regexp_count \
    regexp_instr regexp_like regexp_match regexp_replace regexp_split_to_array regexp_substr repeat replace reverse \
    right round row row_to_json rpad rtrim scale session_user set_bit set_byte set_masklen setweight sha224 sha256 \
    sha384 sha512 shobj_description sign similar_escape similar_to_escape sin sind sinh slope smallint split_part \
    sqrt statement_timestamp string_to_array strip strpos substr substring tan tand tanh text textlen time timestamp \
    timestamptz timetz timezone to_ascii to_char to_date to_hex to_json to_jsonb to_number to_regclass \
    to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype \
    to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim trim_array trim_scale trunc \
    tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array txid_current \
    txid_current_if_assigned txid_current_snapshot txid_snapshot_xmax txid_snapshot_xmin txid_visible_in_snapshot \
    unistr upper upper_inf user uuid_generate_v3 uuid_generate_v5 uuid_nil uuid_ns_dns uuid_ns_oid uuid_ns_url \
    uuid_ns_x500 varbit varchar version websearch_to_tsquery width width_bucket xid xml xml_is_well_formed \
    xml_is_well_formed_content xml_is_well_formed_document xmlcomment xmlelement xmlexists xmlforest xmlvalidate \
    xpath xpath_exists";

/// A call of this function may give each row another value.
pub fn is_volatile(function: &str) -> bool {
    !STEADY.split(' ').any(|steady| steady == function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_of_the_statement_are_steady_and_random_numbers_are_not() {
        for steady in ["now", "coalesce", "lower", "date_trunc", "timezone", "jsonb_build_object"] {
            assert!(!is_volatile(steady), "{steady}");
        }
        for volatile in ["random", "gen_random_uuid", "clock_timestamp", "nextval", "uuid_generate_v4", "my_function"] {
            assert!(is_volatile(volatile), "{volatile}");
        }
    }
}
