#include "sidecar/api/parameter.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sidecar/http/text.hpp"

namespace steward::sidecar::api {
namespace {

constexpr std::size_t longest_text = 4096; // where nothing else is said
constexpr std::size_t longest_time = 64;

using Complaint = std::optional<std::string>;

/// Without the zeros behind the point.
std::string plain(double number) {
    char digits[64];
    auto const [end, error] = std::to_chars(digits, digits + sizeof digits, number);
    return {digits, end};
}

Complaint outside(Parameter const &parameter, double value) {
    if (value >= parameter.least && value <= parameter.most)
        return {};
    if (std::isinf(parameter.most))
        return "must be at least " + plain(parameter.least) + ".";
    return "must be between " + plain(parameter.least) + " and " + plain(parameter.most) + ".";
}

Complaint about_whole(Parameter const &parameter, std::string_view value) {
    auto const number = parse_bigint(value);
    bool const is_integer = parameter.kind == Kind::integer;
    if (!number || (is_integer && (*number > INT32_MAX || *number < INT32_MIN)))
        return std::string("must be a whole number in the range of ") + (is_integer ? "integer." : "bigint.");
    return outside(parameter, static_cast<double>(*number));
}

Complaint about_number(Parameter const &parameter, std::string_view value) {
    double number = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc() || end != value.data() + value.size() || !std::isfinite(number))
        return "must be a number.";
    return outside(parameter, number);
}

Complaint about_text(std::string_view value, double most) {
    if (value.find('\0') != std::string_view::npos)
        return "holds the character U+0000, which no text in PostgreSQL can.";
    if (static_cast<double>(value.size()) > most)
        return "is longer than " + plain(most) + " bytes.";
    return {};
}

bool is_uuid(std::string_view value) {
    if (value.size() != 36)
        return false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        bool const is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        char const c = http::to_lower(value[i]);
        if (is_hyphen ? c != '-' : !(http::is_digit(c) || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

} // namespace

std::optional<std::string> complaint_about(Parameter const &parameter, std::string_view value) {
    switch (parameter.kind) {
    case Kind::bigint:
    case Kind::integer:
        return about_whole(parameter, value);
    case Kind::number:
        return about_number(parameter, value);
    case Kind::boolean:
        return value == "true" || value == "false" ? Complaint() : "must be true or false.";
    case Kind::uuid:
        return is_uuid(value) ? Complaint() : "must be a UUID.";
    case Kind::choice:
        return is_one_of(parameter.choices, value)
                   ? Complaint()
                   : "must be one of: " + std::string(parameter.choices) + ".";
    case Kind::timestamp:
    case Kind::interval:
        if (value.empty())
            return "is empty.";
        return about_text(value, longest_time);
    case Kind::json:
        return about_text(value, std::numeric_limits<double>::infinity());
    case Kind::text:
        break;
    }
    return about_text(value, std::isinf(parameter.most) ? double{longest_text} : parameter.most);
}

std::optional<std::int64_t> parse_bigint(std::string_view text) {
    std::int64_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return {};
    return value;
}

bool is_one_of(std::string_view list, std::string_view word) {
    while (!word.empty() && !list.empty()) {
        std::size_t const end = std::min(list.find(' '), list.size());
        if (list.substr(0, end) == word)
            return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

} // namespace steward::sidecar::api
