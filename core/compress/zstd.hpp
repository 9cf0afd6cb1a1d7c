// Compression with zstd, with and without a trained dictionary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/stop.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_CDict_s;
struct ZSTD_DCtx_s;
struct ZSTD_DDict_s;

namespace steward::core::zstd {

using Bytes = std::span<const std::byte>;
using Room = std::span<std::byte>;

/// The levels that are offered. At level 12 a block of 128 kB takes up to 12 ms, after up to 30 ms at the
/// start; at level 14 it takes up to 130 ms, at level 19 170 ms, in which no stop check can act.
inline constexpr int least_level = 1;
inline constexpr int default_level = 3;
inline constexpr int most_level = 12;

/// Sizes of a dictionary in bytes. To make the largest one ready takes 11 ms at the highest level.
inline constexpr std::size_t least_dictionary = 1024;
inline constexpr std::size_t default_dictionary = 32768;
inline constexpr std::size_t most_dictionary = 65536;

/// Of more samples, or of more bytes, an even choice is trained from; of a longer sample its beginning.
inline constexpr std::size_t most_samples = 8192;
inline constexpr std::size_t most_sample_bytes = std::size_t{1} << 20;
inline constexpr std::size_t longest_sample = std::size_t{1} << 15;

/// Why a frame is not decompressed.
enum class Problem : std::uint8_t {
    none,
    not_a_frame,      ///< something else than one zstd frame
    no_size,          ///< it does not say how large its content is
    too_large,        ///< its content is larger than the limit
    large_window,     ///< it needs a window of more than 128 MB
    other_dictionary, ///< it was compressed with another dictionary than the one that is given, if any
    damaged,          ///< its bytes are not those that were written, or some are missing, or there are more
};

/// What a frame says of itself.
struct Header {
    Problem problem;          ///< not_a_frame, no_size, too_large, damaged or none
    std::size_t size;         ///< bytes of its content; 0 unless they are known
    std::uint32_t dictionary; ///< id of its dictionary, 0 for none
};

/// Reads the header of a frame. It refuses a content of more than `limit` bytes, and one that no frame of
/// that length can hold, so that nobody makes room for what is not there. Source: RFC 8878, section 3.1.1.
Header read_header(Bytes frame, std::size_t limit) noexcept;

/// The id of a trained dictionary; 0 if the bytes are none. Ids are 32 bits of a hash of the content, so that
/// two dictionaries may share one.
std::uint32_t dictionary_id(Bytes dictionary) noexcept;

/// A dictionary of at most `size` bytes (least_dictionary to most_dictionary) for values such as `samples`;
/// empty if there are too few of them (less than 5), or too little in them. The same samples make the same
/// dictionary. At most most_samples, longest_sample and most_sample_bytes are looked at, which takes some 20
/// ms at most; `stop` is called before and after. Throws Error(invalid_argument) for another size.
///
/// Source: the fast cover algorithm of libzstd.
std::vector<std::byte> train(std::span<const Bytes> samples, std::size_t size = default_dictionary,
                             Stop stop = Stop{});

/// A dictionary made ready to compress at one level; may be kept and used again.
class CompressionDictionary {
  public:
    /// Null if the bytes are no trained dictionary of at most most_dictionary bytes. Throws
    /// Error(invalid_argument) for a level out of range, std::bad_alloc.
    static std::unique_ptr<const CompressionDictionary> make(Bytes dictionary, int level);

    int level() const noexcept { return level_; }
    /// How much memory it takes.
    std::size_t bytes() const noexcept;

  private:
    friend class Compressor;
    struct Free {
        void operator()(ZSTD_CDict_s *dictionary) const noexcept;
    };

    CompressionDictionary(ZSTD_CDict_s *digested, int level) noexcept : digested_(digested), level_(level) {}

    std::unique_ptr<ZSTD_CDict_s, Free> digested_;
    int level_;
};

/// A dictionary made ready to decompress; may be kept and used again.
class DecompressionDictionary {
  public:
    /// As CompressionDictionary::make.
    static std::unique_ptr<const DecompressionDictionary> make(Bytes dictionary);

    std::uint32_t id() const noexcept { return id_; }
    std::size_t bytes() const noexcept;

  private:
    friend class Decompressor;
    struct Free {
        void operator()(ZSTD_DDict_s *dictionary) const noexcept;
    };

    DecompressionDictionary(ZSTD_DDict_s *digested, std::uint32_t id) noexcept
        : digested_(digested), id_(id) {}

    std::unique_ptr<ZSTD_DDict_s, Free> digested_;
    std::uint32_t id_;
};

/// Compresses; what it needs of memory is kept for the next value (up to 55 MB at level 12).
class Compressor {
  public:
    /// Throws std::bad_alloc.
    Compressor();

    /// How much room is enough for any value of that size.
    static std::size_t bound(std::size_t size) noexcept;

    /// Writes `value` as one frame that knows its size, its checksum and its dictionary. Returns how many
    /// bytes it takes; 0 if that is more than there is room for. `stop` is called every 128 kB; if it throws,
    /// the next call begins anew. Throws Error(invalid_argument) for a level out of range, std::bad_alloc.
    std::size_t compress(Bytes value, Room room, int level = default_level, Stop stop = Stop{});
    std::size_t compress(Bytes value, Room room, const CompressionDictionary &dictionary, Stop stop = Stop{});

    /// How much memory it takes.
    std::size_t bytes() const noexcept;

  private:
    struct Free {
        void operator()(ZSTD_CCtx_s *context) const noexcept;
    };

    std::size_t run(Bytes value, Room room, Stop stop);

    std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

/// Decompresses; what it needs of memory is kept for the next value.
class Decompressor {
  public:
    /// Throws std::bad_alloc.
    Decompressor();

    /// Writes the content of `frame` to `room`, which is as large as read_header() said. A frame that names
    /// no dictionary is decompressed without. Unless the answer is Problem::none, what `room` holds is
    /// nothing to be read. `stop` is called at least every 512 kB of the content and every 64 kB of the
    /// frame. Throws std::bad_alloc.
    Problem decompress(Bytes frame, Room room, const DecompressionDictionary *dictionary = nullptr,
                       Stop stop = Stop{});

    /// How much memory it takes.
    std::size_t bytes() const noexcept;

  private:
    struct Free {
        void operator()(ZSTD_DCtx_s *context) const noexcept;
    };

    Problem run(Bytes frame, Room room, Stop stop);

    std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

} // namespace steward::core::zstd
