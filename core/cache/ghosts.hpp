// Which keys were evicted lately: their fingerprints alone, the last so many of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace steward::core::cache {

/// A set that forgets. It may forget earlier than asked where a bucket of eight is full, and may take one key
/// for another of the same 32 bits: either costs a hit at times, and is never wrong otherwise.
class Ghosts {
  public:
    /// Zero bytes are an empty slot.
    struct Slot {
        std::uint32_t fingerprint;
        std::uint32_t born; ///< the count of additions when it came
    };

    /// How many slots remember `most` keys.
    static std::size_t slots_for(std::size_t most) noexcept;

    /// `slots`: so many as slots_for() said, all of them zero.
    explicit Ghosts(std::span<Slot> slots) noexcept : slots_(slots) {}

    /// From now on the last `most` additions are remembered.
    void keep(std::size_t most) noexcept { most_ = static_cast<std::uint32_t>(most); }
    void add(std::uint32_t fingerprint) noexcept;
    /// Whether it is remembered; it is not afterwards.
    bool take(std::uint32_t fingerprint) noexcept;

  private:
    std::span<Slot> bucket_of(std::uint32_t fingerprint) const noexcept;
    bool is_remembered(Slot const &slot) const noexcept {
        return slot.born != 0 && added_ - slot.born < most_;
    }

    std::span<Slot> slots_;
    std::uint32_t added_ = 0;
    std::uint32_t most_ = 0;
};

} // namespace steward::core::cache
