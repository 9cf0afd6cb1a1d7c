// The keys that a transaction has changed, each once, and by how much.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

namespace steward::core {

/// Wide enough for the sum of as many values of 64 bits as there can be rows.
__extension__ using Sum = __int128;

/// How many sums a key may have.
inline constexpr std::size_t most_sums = 64;

/// A set of byte strings, each of which belongs to a group and has some sums. Keeps them in the order in
/// which they came: a table of places into an arena, probed linearly (Knuth, The Art of Computer Programming
/// 3, 6.4). Everything lives in the memory resource: where that is emptied, the destructor need not run.
class KeySums {
  public:
    explicit KeySums(std::pmr::memory_resource *memory) : places_(memory), arena_(memory) {}

    /// Adds to the sums of a key, of which all keys of a group have as many, `most_sums` at most.
    ///
    /// \return whether the key was not there yet
    /// \throws std::bad_alloc, with nothing changed
    bool add(std::uint32_t group, std::span<const std::byte> key, std::span<const Sum> sums = {});

    /// Adds all of another.
    void merge(const KeySums &other);

    std::size_t size() const noexcept { return size_; }

    /// Calls `visit(group, key, sums)` for each; `sums` is good until it returns.
    template <class Visit> void each(Visit visit) const {
        Sum sums[most_sums];
        for (std::size_t at = 0; at < arena_.size(); at += stride(head_at(at))) {
            Head const head = head_at(at);
            read_sums(at, {sums, head.width});
            visit(head.group, std::span(arena_).subspan(at + sizeof(Head), head.size),
                  std::span<const Sum>(sums, head.width));
        }
    }

  private:
    using Place = std::uint64_t; ///< of a head in the arena, and one more; 0 is free
    struct Head {
        std::uint32_t group;
        std::uint32_t size;
        std::uint64_t hash;
        std::uint32_t width; ///< how many sums follow the key
        std::uint32_t unused;
    };

    static constexpr std::size_t padded(std::size_t size) noexcept { return (size + 7) / 8 * 8; }
    static constexpr std::size_t stride(const Head &head) noexcept {
        return sizeof(Head) + padded(head.size) + head.width * sizeof(Sum);
    }
    Head head_at(std::size_t at) const noexcept;
    void read_sums(std::size_t at, std::span<Sum> sums) const noexcept;
    void add_sums(std::size_t at, std::span<const Sum> sums) noexcept;
    void grow();

    std::pmr::vector<Place> places_;
    std::pmr::vector<std::byte> arena_;
    std::size_t size_ = 0;
};

} // namespace steward::core
