// Memory of a fixed size, given out in blocks of any size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/cache/queue.hpp"

namespace steward::core::cache {

/// Two-level segregated fit: free blocks stand in lists by size, each power of two in eight steps; a block is
/// taken from the first list whose blocks all are large enough, and one that comes back is joined with its
/// free neighbours at once. Every call takes constant time.
///
/// A block is named by its place, the number of its first cell of 16 bytes, and begins on such a boundary.
/// The 8 bytes before it belong to the arena. One caller at a time.
///
/// Source: Masmano, Ripoll, Crespo, Real, "TLSF: a new dynamic memory allocator for real-time systems", ECRTS
/// 2004.
class Arena {
  public:
    static constexpr std::size_t cell_size = 16;
    /// No block is smaller: a remainder of less stays with the block.
    static constexpr std::size_t least_cells = 4;

    /// `memory` begins on a boundary of 16 bytes and has at least 256 of them, at most 32 GB.
    explicit Arena(std::span<std::byte> memory) noexcept;

    /// A block of at least so many bytes, or nowhere if no free block is that large.
    Place take(std::size_t bytes) noexcept;
    /// The largest that there is if none is that large; nowhere if there is none at all.
    Place take_most(std::size_t bytes) noexcept;
    void give_back(Place place) noexcept;

    /// As take(), for what does not make room when that is short: all such blocks together are a quarter of
    /// the arena at most, and one is no more than half of what is left of that.
    Place take_aside(std::size_t bytes) noexcept;
    void give_back_aside(Place place) noexcept;

    /// The bytes that a block has for its owner.
    std::size_t room(Place place) const noexcept { return cells_of(place) * cell_size - header_size; }
    /// What it takes of the arena.
    std::size_t size(Place place) const noexcept { return cells_of(place) * cell_size; }
    std::byte *at(Place place) const noexcept { return base_ + std::size_t{place} * cell_size; }
    /// The arena as cells, in which the policy finds the nodes that its blocks begin with.
    std::span<Node> nodes() const noexcept { return {reinterpret_cast<Node *>(base_), cells_}; }

    std::size_t free_bytes() const noexcept { return free_cells_ * cell_size; }
    std::size_t total_bytes() const noexcept { return cells_ * cell_size; }
    /// Whether every header fits its neighbours and the lists; for tests.
    bool is_sound() const noexcept;

  private:
    static constexpr std::size_t header_size = 8;
    static constexpr std::uint32_t free_bit = 0x80000000U;
    static constexpr std::size_t steps = 8;
    static constexpr std::size_t classes = 29 * steps;

    struct Header {
        std::uint32_t cells;    ///< with free_bit
        std::uint32_t previous; ///< the cells of the block before; 0 for the first
    };
    struct Links { ///< what a free block begins with
        Place next;
        Place previous;
    };

    Header &header(Place place) const noexcept {
        return *reinterpret_cast<Header *>(at(place) - header_size);
    }
    Links &links(Place place) const noexcept { return *reinterpret_cast<Links *>(at(place)); }
    std::uint32_t cells_of(Place place) const noexcept { return header(place).cells & ~free_bit; }
    bool is_free(Place place) const noexcept { return (header(place).cells & free_bit) != 0; }

    static std::size_t class_of(std::uint32_t cells) noexcept;
    std::size_t first_class_from(std::size_t from) const noexcept;
    std::size_t last_class() const noexcept;
    void list(Place place, std::uint32_t cells) noexcept;
    void unlist(Place place) noexcept;
    Place cut(Place place, std::uint32_t cells) noexcept;

    std::byte *base_;
    std::size_t cells_;
    std::size_t free_cells_ = 0;
    std::size_t cells_aside_ = 0;
    std::array<std::uint64_t, (classes + 63) / 64> filled_{}; ///< a bit for each list with blocks
    std::array<Place, classes> heads_;
};

} // namespace steward::core::cache
