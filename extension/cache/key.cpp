// cache_key: one text of many values, the same in every session.
#include "extension/boundary.hpp"
#include "extension/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
}

namespace steward::cache {

namespace {

constexpr const char *component = "cache";

/// A longer key becomes the version and a digest.
constexpr int most_readable = 200;

char *as_type_writes(Datum value, Oid type) {
    Oid output = InvalidOid;
    bool is_varlena = false;
    getTypeOutputInfo(type, &output, &is_varlena);
    return OidOutputFunctionCall(output, value);
}

/// Sets what types look at when they write, until AtEOXact_GUC() or the end of the transaction.
int set_neutrally() {
    int const level = NewGUCNestLevel();
    constexpr const char *settings[][2] = {{"DateStyle", "ISO, YMD"},
                                           {"IntervalStyle", "postgres"},
                                           {"TimeZone", "UTC"},
                                           {"bytea_output", "hex"},
                                           {"extra_float_digits", "1"}};
    for (auto const &[name, value] : settings)
        (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
    return level;
}

/// A value as text that depends neither on settings nor on how it was written.
char *canonical(Datum value, Oid type) {
    switch (type) {
    case DATEOID:
    case TIMESTAMPOID:
        return JsonEncodeDateTime(static_cast<char *>(palloc(MAXDATELEN + 1)), value, type, nullptr);
    case TIMESTAMPTZOID: {
        int const utc = 0;
        return JsonEncodeDateTime(static_cast<char *>(palloc(MAXDATELEN + 1)), value, type, &utc);
    }
    case FLOAT4OID: {
        char *const digits = static_cast<char *>(palloc(FLOAT_SHORTEST_DECIMAL_LEN));
        float_to_shortest_decimal_buf(DatumGetFloat4(value), digits);
        return digits;
    }
    case FLOAT8OID: {
        char *const digits = static_cast<char *>(palloc(DOUBLE_SHORTEST_DECIMAL_LEN));
        double_to_shortest_decimal_buf(DatumGetFloat8(value), digits);
        return digits;
    }
    case NUMERICOID:
        return DatumGetCString(
            DirectFunctionCall1(numeric_out, DirectFunctionCall1(numeric_trim_scale, value)));
    case BYTEAOID:
        return text_to_cstring(
            DatumGetTextPP(DirectFunctionCall2(binary_encode, value, CStringGetTextDatum("hex"))));
    case JSONOID: { // the order of the members does not count
        Datum const document = DirectFunctionCall1(jsonb_in, CStringGetDatum(TextDatumGetCString(value)));
        return DatumGetCString(DirectFunctionCall1(jsonb_out, document));
    }
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case JSONBOID:
    case TEXTOID:
    case UNKNOWNOID:
    case UUIDOID:
    case VARCHAROID:
        return as_type_writes(value, type);
    default: { // a range, an array or a composite may hold what depends on settings
        int const level = set_neutrally();
        char *const written = as_type_writes(value, type);
        AtEOXact_GUC(true, level);
        return written;
    }
    }
}

void append_part(StringInfo key, const char *part) {
    for (; *part != '\0'; ++part)
        switch (*part) {
        case ':':
            appendStringInfoString(key, "%3A");
            break;
        case '%':
            appendStringInfoString(key, "%25");
            break;
        default:
            appendStringInfoCharMacro(key, *part);
        }
}

text *digest(const char *version, StringInfo key) {
    Datum const bytes = PointerGetDatum(cstring_to_text_with_len(key->data, key->len));
    Datum const hash = DirectFunctionCall1(sha256_bytea, bytes);
    char *const hex =
        TextDatumGetCString(DirectFunctionCall2(binary_encode, hash, CStringGetTextDatum("hex")));
    StringInfoData text;
    initStringInfo(&text);
    append_part(&text, version);
    appendStringInfo(&text, ":%%%s", hex);
    return cstring_to_text_with_len(text.data, text.len);
}

} // namespace

/// (version, parts ...)
STEWARD_FUNCTION(steward_cache_key) {
    if (PG_ARGISNULL(0))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("version must not be null"),
                errhint("It is what changes when values are computed in another way."));
    char *const version = text_to_cstring(PG_GETARG_TEXT_PP(0));
    Datum *parts = nullptr;
    Oid *types = nullptr;
    bool *nulls = nullptr;
    int const count = extract_variadic_args(fcinfo, 1, false, &parts, &types, &nulls);
    StringInfoData key;
    initStringInfo(&key);
    append_part(&key, version);
    for (int i = 0; i < count; ++i) {
        check_interrupts();
        appendStringInfoChar(&key, ':');
        if (nulls[i])
            appendStringInfoString(&key, "%00");
        else
            append_part(&key, canonical(parts[i], types[i]));
    }
    PG_RETURN_TEXT_P(key.len <= most_readable ? cstring_to_text_with_len(key.data, key.len)
                                              : digest(version, &key));
}

} // namespace steward::cache
