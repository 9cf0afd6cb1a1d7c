#include "extension/cache/archive.hpp"

#include "extension/compress/zstd.hpp"
#include "extension/migration.hpp"

extern "C" {
#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
}

namespace steward::cache {

namespace {

/// As numeric.c has them.
constexpr std::size_t most_whole_digits = 131072;
constexpr std::size_t most_fraction_digits = 16383;

/// The columns after the key, from the first of them.
enum Column : AttrNumber {
    kind_column,
    dictionary_column,
    body_column,
    expires_column,
    saved_column,
    cost_column
};

std::optional<Type> type_of(char kind) noexcept {
    switch (kind) {
    case 'j':
        return Type::json;
    case 't':
        return Type::text;
    case 'b':
        return Type::bytes;
    default:
        return std::nullopt;
    }
}

/// The body as it was before it was packed; null if it cannot be had.
bytea *unpacked(bytea *body, bool is_packed, bytea *dictionary) {
    if (!is_packed)
        return body;
    std::optional<steward::core::zstd::Bytes> bytes;
    if (dictionary != nullptr)
        bytes = zstd::bytes_of(dictionary);
    try {
        return zstd::decompress(zstd::bytes_of(body), bytes).value;
    } catch (const steward::core::Error &) { // that is no dictionary
        return nullptr;
    }
}

/// Whether a jsonb writes a number so: without an exponent, and in the limits of numeric.
bool is_written_number(std::string_view number) noexcept {
    std::size_t const whole = std::min(number.find('.'), number.size());
    return number.find_first_of("eE") == number.npos && whole <= most_whole_digits &&
           number.size() - whole <= most_fraction_digits;
}

/// Whether a text is such as a jsonb is written as. jsonb_in would raise an error for what is damaged.
bool is_written_json(char *text, int size) {
    bool is_good = true;
    JsonSemAction actions{};
    actions.semstate = &is_good;
    actions.scalar = [](void *state, char *token, JsonTokenType type) {
        if (type == JSON_TOKEN_NUMBER && !is_written_number(token))
            *static_cast<bool *>(state) = false;
    };
    JsonLexContext *const lexer = makeJsonLexContextCstringLen(text, size, GetDatabaseEncoding(), true);
    return pg_parse_json(lexer, &actions) == JSON_SUCCESS && is_good;
}

/// A value of its type, made anew from what everybody can read: the table is not trusted with the insides of
/// a jsonb.
varlena *value_of(bytea *body, Type type) {
    int const size = static_cast<int>(VARSIZE_ANY_EXHDR(body));
    if (type != Type::bytes && !pg_verifymbstr(VARDATA_ANY(body), size, true))
        return nullptr;
    if (type != Type::json)
        return body;
    char *const text = pnstrdup(VARDATA_ANY(body), static_cast<Size>(size));
    if (!is_written_json(text, size))
        return nullptr;
    return reinterpret_cast<varlena *>(DatumGetPointer(DirectFunctionCall1(jsonb_in, CStringGetDatum(text))));
}

} // namespace

std::optional<Row> unpack_archived(TupleTableSlot *slot, AttrNumber first, FindDictionary find_dictionary) {
    bool is_null = false;
    auto const column = [&](Column number) {
        return slot_getattr(slot, static_cast<int>(first + number), &is_null);
    };
    std::optional<Type> const type = type_of(DatumGetChar(column(kind_column)));
    std::int64_t const number = DatumGetInt64(column(dictionary_column));
    bool const is_packed = !is_null;
    bytea *const dictionary = is_packed && number != 0 ? find_dictionary(number) : nullptr;
    bytea *const body = unpacked(DatumGetByteaPP(column(body_column)), is_packed, dictionary);
    varlena *const value = type && body != nullptr ? value_of(body, *type) : nullptr;
    if (value == nullptr)
        return std::nullopt;
    Row row{{static_cast<varlena *>(palloc(VARSIZE_ANY(value))), *type}, DT_NOEND, 0, 0};
    memcpy(row.value.bytes, value, VARSIZE_ANY(value)); // the row's own memory is gone with its slot
    Datum const expires = column(expires_column);
    row.expires = is_null ? DT_NOEND : DatumGetTimestampTz(expires);
    row.saved = DatumGetTimestampTz(column(saved_column));
    row.cost =
        static_cast<std::uint32_t>(std::clamp<int64>(DatumGetInt64(column(cost_column)), 0, UINT32_MAX));
    return row;
}

} // namespace steward::cache
