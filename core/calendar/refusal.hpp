// How a schedule that cannot be read is refused.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace steward::core {

/// The beginning of a text that a message quotes, never cut inside a character of UTF-8.
inline std::string excerpt(std::string_view text) {
    constexpr std::size_t most = 100;
    if (text.size() <= most)
        return std::string(text);
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    return std::string(text.substr(0, end)) + "...";
}

[[noreturn]] inline void refuse_schedule(std::string_view text, std::string detail, std::string hint) {
    throw Error(ErrorKind::invalid_argument, "invalid schedule: \"" + excerpt(text) + "\"", std::move(detail),
                std::move(hint));
}

} // namespace steward::core
