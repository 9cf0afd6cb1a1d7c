#include "sidecar/api/entity_tag.hpp"

#include <algorithm>

#include "sidecar/base/digest.hpp"
#include "sidecar/http/text.hpp"

namespace steward::sidecar::api {

std::string entity_tag(std::string_view who, std::string_view body) {
    std::string text(who);
    text += '\0';
    text += body;
    return '"' + sha256(text).substr(0, 32) + '"';
}

bool is_named(std::string_view if_none_match, std::string_view tag) {
    while (!if_none_match.empty()) {
        std::size_t const comma = std::min(if_none_match.find(','), if_none_match.size());
        std::string_view named = http::trim(if_none_match.substr(0, comma));
        if (named.substr(0, 2) == "W/")
            named.remove_prefix(2);
        if (named == tag || named == "*")
            return true;
        if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    }
    return false;
}

} // namespace steward::sidecar::api
