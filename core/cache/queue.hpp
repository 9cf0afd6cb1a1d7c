// First in, first out, over nodes that a caller keeps: no allocation, removal from anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace steward::core::cache {

/// An index into the nodes of a cache.
using Place = std::uint32_t;
inline constexpr Place nowhere = UINT32_MAX;

enum class Line : std::uint8_t { none, small, main };

/// What the policy keeps of an entry, 16 bytes. Plain data: zero bytes are a node in no line.
struct Node {
    Place newer;
    Place older;
    std::uint32_t fingerprint;
    std::uint8_t uses; ///< since it came into its line, at most 3; readers count it up without a lock
    Line line;
    std::uint16_t pool; ///< of the caller: which of several caches the entry belongs to
};

class Queue {
  public:
    void push(std::span<Node> nodes, Place place) noexcept;
    void remove(std::span<Node> nodes, Place place) noexcept;
    /// Puts `fresh` where `place` is, which leaves.
    void replace(std::span<Node> nodes, Place place, Place fresh) noexcept;

    Place oldest() const noexcept { return oldest_; }
    std::size_t size() const noexcept { return size_; }

  private:
    Place newest_ = nowhere;
    Place oldest_ = nowhere;
    std::uint32_t size_ = 0;
};

} // namespace steward::core::cache
