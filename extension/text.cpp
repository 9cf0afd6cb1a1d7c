// SQL functions that compare texts: levenshtein, exact_match.
#include "core/score/exact_match.hpp"
#include "core/text/levenshtein.hpp"

#include "extension/boundary.hpp"
#include "extension/json.hpp"
#include "extension/memory.hpp"
#include "extension/text.hpp"

namespace steward {

static constexpr const char *component = "text";

core::Encoding database_encoding() {
    if (GetDatabaseEncoding() == PG_UTF8)
        return core::Encoding::utf8;
    if (pg_database_encoding_max_length() > 1)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("pg_steward does not support database encoding \"%s\"", GetDatabaseEncodingName()),
                errhint("Use a database with encoding UTF8."));
    return core::Encoding::single_byte;
}

namespace {

core::ExactMatchOptions read_options(Jsonb *options) {
    require_object(options, "options");
    core::ExactMatchOptions result;
    each_member(options, [&](std::string_view name, const JsonbValue &value) {
        if (name == "ignore_case")
            result.ignore_case = boolean_option(name, value);
        else if (name == "ignore_whitespace")
            result.ignore_whitespace = boolean_option(name, value);
        else if (name == "ignore_punctuation")
            result.ignore_punctuation = boolean_option(name, value);
        else if (name == "tolerance")
            result.tolerance = number_option(name, value);
        else
            refuse_option(name, "The options are \"ignore_case\", \"ignore_whitespace\", "
                                "\"ignore_punctuation\" and \"tolerance\".");
    });
    return result;
}

} // namespace

STEWARD_FUNCTION(steward_levenshtein) {
    std::string_view const a = text_argument(fcinfo, 0);
    std::string_view const b = text_argument(fcinfo, 1);
    core::Encoding const encoding = database_encoding();
    ContextResource memory;
    PG_RETURN_INT32(static_cast<int32>(core::levenshtein(a, b, encoding, on_interrupt, &memory)));
}

STEWARD_FUNCTION(steward_exact_match) {
    std::string_view const expected = text_argument(fcinfo, 0);
    std::string_view const actual = text_argument(fcinfo, 1);
    core::ExactMatchOptions const options = read_options(PG_GETARG_JSONB_P(2));
    core::Encoding const encoding = database_encoding();
    bool const equal = core::exact_match(expected, actual, options, encoding, on_interrupt);
    PG_RETURN_FLOAT8(equal ? 1.0 : 0.0);
}

} // namespace steward
