// Which keys a pool has lost lately for want of memory: of a sample of them, the last few.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace steward::core::cache {

/// A pool to which many of these come back would have hits with a little more memory. Plain data, 260 bytes.
class Shadow {
  public:
    static constexpr std::size_t sample = 8; ///< of so many keys one is looked at
    static constexpr std::size_t size = 64;

    /// An entry has left because the memory was short.
    void add(std::uint64_t hash) noexcept {
        if (wants(hash))
            keys_[next_++ % size] = fingerprint_of(hash);
    }
    /// Whether the key of an entry that comes is among them; it is not afterwards.
    bool take(std::uint64_t hash) noexcept {
        if (!wants(hash))
            return false;
        auto *const found = std::find(keys_.begin(), keys_.end(), fingerprint_of(hash));
        if (found == keys_.end())
            return false;
        *found = 0;
        return true;
    }

  private:
    static bool wants(std::uint64_t hash) noexcept { return (hash >> 40) % sample == 0; }
    /// Never 0, which stands for nothing.
    static std::uint32_t fingerprint_of(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash) | 1;
    }

    std::array<std::uint32_t, size> keys_{};
    std::uint32_t next_ = 0;
};

} // namespace steward::core::cache
