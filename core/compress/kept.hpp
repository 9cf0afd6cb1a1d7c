// Dictionaries that are ready for use, kept so that the next value need not make them ready again.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/compress/zstd.hpp"

namespace steward::core::zstd {

/// The dictionaries that were used last, each known by its bytes: to compare 32 kB takes 1 us, less than to
/// hash them, and no two are ever taken for one. To make them ready takes 160 us at level 3, or 10 us for
/// decompression.
class KeptDictionaries {
  public:
    /// Keeps as many dictionaries, and as many bytes of them, but the last one whatever its size.
    KeptDictionaries(std::size_t most, std::size_t most_bytes) noexcept
        : most_(most), most_bytes_(most_bytes) {}

    /// Null if the bytes are no trained dictionary of at most most_dictionary bytes. Of a dictionary one
    /// level is kept. What is returned outlives its being kept. Throws Error(invalid_argument) for a level
    /// out of range, std::bad_alloc.
    std::shared_ptr<const CompressionDictionary> compression(Bytes dictionary, int level);
    std::shared_ptr<const DecompressionDictionary> decompression(Bytes dictionary);

    /// How many dictionaries are kept, and how much memory they take.
    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t bytes() const noexcept;

  private:
    struct Entry {
        std::vector<std::byte> content;
        std::shared_ptr<const CompressionDictionary> compression;
        std::shared_ptr<const DecompressionDictionary> decompression;

        std::size_t bytes() const noexcept;
    };

    Entry *find(Bytes dictionary) noexcept;
    Entry &find_or_add(Bytes dictionary);
    void shrink() noexcept;

    std::size_t most_;
    std::size_t most_bytes_;
    std::vector<Entry> entries_; ///< the one that was used last comes last
};

} // namespace steward::core::zstd
