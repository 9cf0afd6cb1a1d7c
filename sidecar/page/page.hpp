// The page at /: files that are part of the program.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace steward::sidecar::page {

struct File {
    std::string_view path;
    char const *content_type;
    unsigned char const *bytes;
    std::size_t size;

    std::string_view content() const { return {reinterpret_cast<char const *>(bytes), size}; }
};

inline constexpr std::size_t file_count = 11;
extern std::array<File, file_count> const files; // made by the build, of the files in this folder

/// Null if there is none at this path.
File const *find_file(std::string_view path);

/// Nothing but what is part of the program may run or be loaded, and nobody may show it in a frame.
inline constexpr char const *content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

} // namespace steward::sidecar::page
