// Finds out how large the small line of an Eviction should be, by trying.
#pragma once

#include <array>
#include <optional>

#include "core/cache/eviction.hpp"

namespace steward::core::cache {

/// Keys without values: would this key have been a hit? Memory of the caller, zero at first.
class Directory {
  public:
    struct Memory {
        std::span<Node> nodes;         ///< one for each key
        std::span<Ghosts::Slot> slots; ///< Ghosts::slots_for(nodes.size())
        std::span<Place> heads;        ///< a power of two
        std::span<Place> chains;       ///< one for each key
    };

    Directory(Memory memory, double small_share) noexcept;

    /// Whether it is there; it is afterwards.
    bool ask(std::uint32_t fingerprint) noexcept;

  private:
    Place &head_of(std::uint32_t fingerprint) noexcept { return heads_[fingerprint & (heads_.size() - 1)]; }
    Place find(std::uint32_t fingerprint) noexcept;
    void unchain(Place place) noexcept;

    std::span<Node> nodes_;
    std::span<Place> heads_;
    std::span<Place> chains_;
    Eviction eviction_;
};

/// Two directories see a sample of the accesses, one with a narrow small line and one with a wide one. Every
/// while the share is that of the one with more hits; older hits count half as much each time.
class Tuner {
  public:
    static constexpr std::array<double, 2> shares{0.1, 0.3};

    /// Of so many keys one is looked at, for a cache of that capacity.
    static std::size_t sample_of(std::size_t capacity) noexcept;
    /// How many keys each directory holds.
    static std::size_t keys_for(std::size_t capacity) noexcept;
    static std::size_t heads_for(std::size_t capacity) noexcept;

    Tuner(std::array<Directory::Memory, 2> memory, std::size_t capacity) noexcept;

    /// Cheap, and without a lock: most accesses need not be told.
    bool wants(std::uint64_t hash) const noexcept { return (hash >> 32 & (sample_ - 1)) == 0; }
    /// An access to a wanted key, hit or miss. One writer at a time. The share to change to, if there is one.
    std::optional<double> observe(std::uint64_t hash) noexcept;

  private:
    std::optional<double> choose() noexcept;

    std::array<Directory, 2> directories_;
    std::array<double, 2> hits_{};
    std::size_t sample_;
    std::size_t period_;
    std::size_t seen_ = 0;
    std::size_t chosen_ = 0;
};

} // namespace steward::core::cache
