// The parameters of endpoints, and whether a value may be one. Depends on nothing, and is fuzzed.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace steward::sidecar::api {

enum class Where { path, query, body };
enum class Kind { text, bigint, integer, number, boolean, timestamp, interval, uuid, choice, json };

struct Parameter {
    Where where;
    char const *name;
    Kind kind;
    char const *description;
    bool is_required = false;
    char const *fallback = nullptr;                          // null: NULL
    double least = -std::numeric_limits<double>::infinity(); // of numbers
    double most = std::numeric_limits<double>::infinity();   // of numbers; of texts: bytes
    char const *choices = "";                                // "one two"
};

/// What is wrong with the value, as the end of a sentence that begins with its name; nothing: it is fine.
/// What the database knows better (dates, intervals) is only looked at for length.
std::optional<std::string> complaint_about(Parameter const &parameter, std::string_view value);

/// The whole text as a number in the range of bigint.
std::optional<std::int64_t> parse_bigint(std::string_view text);

/// Whether `word` is one of the words of `list`, which blanks separate.
bool is_one_of(std::string_view list, std::string_view word);

} // namespace steward::sidecar::api
