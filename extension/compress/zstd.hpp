// Compression with zstd for glue code: bytes in, a bytea out.
//
// A process keeps what compresses and what decompresses, and the dictionaries that it used last, ready for
// use (core/compress/kept.hpp). All of it is memory of libzstd, which no memory context knows: 12 MB at most
// between two calls, and 55 MB more during one at level 12.
#pragma once

#include <optional>

#include "core/compress/zstd.hpp"

#include "extension/pg.hpp"

namespace steward::zstd {

/// The bytes of a detoasted bytea. Plain data.
inline core::zstd::Bytes bytes_of(const bytea *value) noexcept {
    return {reinterpret_cast<const std::byte *>(VARDATA_ANY(value)),
            static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

/// The largest content of a bytea.
inline constexpr std::size_t most_bytes = MaxAllocSize - VARHDRSZ;

/// `value` as a frame of zstd, in the current memory context; null if that is larger than a bytea may be.
/// `dictionary` is one that core::zstd::train() made. Called below a boundary(): throws
/// core::Error(invalid_argument) for a level out of range and for what is no dictionary, PgError for a
/// cancel, which acts within 30 ms, and std::bad_alloc.
bytea *compress(core::zstd::Bytes value, std::optional<core::zstd::Bytes> dictionary = std::nullopt,
                int level = core::zstd::default_level);

/// What decompress() came to. Plain data.
struct Decompressed {
    core::zstd::Problem problem; ///< none, or why there is no value
    std::uint32_t dictionary;    ///< id of the dictionary that the frame names, 0 for none
    bytea *value;                ///< in the memory context of the caller; null unless the problem is none
};

/// The content of a frame of at most `limit` bytes. A frame that names no dictionary needs none, whatever is
/// given. Throws as compress() does; what the frame is to blame for is no exception, but a problem in the
/// answer.
Decompressed decompress(core::zstd::Bytes frame, std::optional<core::zstd::Bytes> dictionary = std::nullopt,
                        std::size_t limit = most_bytes);

/// Raises the error for a problem, as zstd_decompress() does: 22P03 for what is damaged or no frame, 22023
/// for another dictionary, 54000 for what is too large, 0A000 for too large a window. Plain C: call it where
/// no object is alive, or through guarded().
[[noreturn]] void refuse(const Decompressed &refused, std::optional<core::zstd::Bytes> dictionary);

} // namespace steward::zstd
