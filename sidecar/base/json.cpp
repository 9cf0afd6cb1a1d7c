#include "sidecar/base/json.hpp"

#include <cstdio>

#include <nlohmann/json.hpp>

namespace steward::sidecar {
namespace {

bool is_plain(std::string_view text) {
    for (char const c : text)
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            return false;
    return true;
}

} // namespace

std::string json_string(std::string_view text) {
    if (!is_plain(text))
        return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    std::string quoted;
    quoted.reserve(text.size() + 2);
    quoted += '"';
    quoted += text;
    quoted += '"';
    return quoted;
}

JsonObject &JsonObject::add_raw(std::string_view name, std::string_view json) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_ += name;
    text_ += "\":";
    text_ += json;
    return *this;
}

JsonObject &JsonObject::add_milli(std::string_view name, double number) {
    char digits[64];
    std::snprintf(digits, sizeof digits, "%.3f", number);
    return add_raw(name, digits);
}

} // namespace steward::sidecar
