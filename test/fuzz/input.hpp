// How the bytes that a fuzzer is given are split, so that seeds can be written with a text editor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace steward::fuzz {

/// The first byte holds options, one a bit ('0' to '7' are no, ..., all three); then comes what stands
/// before the first line feed, and what stands behind it.
struct Input {
    unsigned options = 0;
    std::string_view before;
    std::string_view behind;
};

inline Input split(const std::uint8_t *data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char *>(data), size);
    Input input;
    if (rest.empty())
        return input;
    input.options = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    std::size_t const line_end = rest.find('\n');
    input.before = rest.substr(0, line_end);
    if (line_end != std::string_view::npos)
        input.behind = rest.substr(line_end + 1);
    return input;
}

/// Ends the run with a finding.
inline void require(bool holds, const char *what) {
    if (holds)
        return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

} // namespace steward::fuzz
