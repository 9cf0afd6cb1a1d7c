// What stands on the pages of a steward_ivf index.
//
//   block 0         what the index is: Meta
//   posting pages   vectors of one list, in frames of as many as the kernels scan side by side
//   the codebook    if there is one, as the middles
//   the middles     of its lists, one after the other over a chain of pages
//   the directory   where each list begins, and where the next vector of it goes
//
// Each page says of which generation it is. When vectors are grouped anew, a new generation of all but block
// 0 is written, and then block 0 says that it counts. What is of an older one than that is free.
//
// All of it lies below pd_lower: generic WAL does not keep what is between pd_lower and pd_upper. Frames of
// wide vectors go on over several pages, which follow one another in the chain of the list.
#pragma once

#include "core/vector/codes.hpp"
#include "core/vector/metric.hpp"

#include "extension/boundary.hpp"

extern "C" {
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/itemptr.h"
#include "utils/rel.h"
}

namespace steward::ivf {

inline constexpr std::uint32_t magic = 0x49565332; // "IVS2"
inline constexpr std::uint16_t page_id = 0xFF9A;
inline constexpr std::size_t most_dimensions = 16'000;
inline constexpr BlockNumber meta_block = 0;
/// Of all that is drawn at random: the same rows in the same order give the same index.
inline constexpr std::uint64_t build_seed = 0x5eed;

/// The shares of true neighbours for which the number of lists to look into was measured.
inline constexpr std::array<float, 12> measured_recalls{0.5F,   0.6F,  0.7F,  0.8F,  0.85F, 0.9F,
                                                        0.925F, 0.95F, 0.97F, 0.98F, 0.99F, 0.995F};

struct Meta {
    std::uint32_t magic;
    std::uint16_t bits; ///< of a code: for each dimension, or each part
    std::uint16_t metric;
    std::uint32_t dimensions; ///< 0 as long as there was no vector
    std::uint32_t lists;
    std::uint64_t epoch; ///< another one after each build: what processes keep of the index holds for one
    std::uint64_t seed;  ///< of the rotation
    std::uint32_t generation; ///< of the pages that count
    std::uint32_t drawn;      ///< the last generation that anybody began to write
    BlockNumber middles;      ///< where they begin
    BlockNumber directory;    ///< where it begins
    BlockNumber codebook;     ///< where it begins
    std::uint32_t parts;      ///< of a vector, if there is a codebook
    std::uint64_t vectors;    ///< when they were grouped last
    std::uint64_t removed;    ///< since then
    std::array<float, measured_recalls.size()> probes;
};

/// An entry of the directory.
struct ListHead {
    BlockNumber first;
    BlockNumber next_insert; ///< a guess: the first page of the chain with room
};

struct PageTail {
    BlockNumber next; ///< of the chain
    std::uint32_t list;
    std::uint16_t frames; ///< that begin on this page
    std::uint16_t page_id;
    std::uint32_t generation;
};

inline constexpr std::size_t page_room = BLCKSZ - MAXALIGN(SizeOfPageHeaderData) - MAXALIGN(sizeof(PageTail));
inline constexpr std::size_t entries_per_page = page_room / sizeof(ListHead);

/// Where the parts of a frame are.
class FrameLayout {
  public:
    FrameLayout(core::CodeFormat format, core::Metric metric) noexcept;

    std::size_t frames_per_page() const noexcept { return frames_per_page_; } ///< 1 if a frame takes several
    std::size_t pages_per_frame() const noexcept { return pages_; }
    std::size_t bytes() const noexcept { return bytes_; }
    std::size_t groups() const noexcept { return groups_; }
    /// Of the groups of a frame, how many are on its n-th page.
    std::size_t groups_on(std::size_t page) const noexcept;
    bool has_squares() const noexcept { return has_squares_; }
    std::size_t groups_at() const noexcept { return groups_at_; }

  private:
    bool has_squares_;
    std::size_t groups_;
    std::size_t groups_at_; ///< behind the head
    std::size_t bytes_;
    std::size_t frames_per_page_;
    std::size_t pages_;
};

/// The head of a frame on its page.
struct FrameHead {
    std::uint16_t live; ///< a bit a lane
    std::uint16_t unused;
    ItemPointerData tids[core::lanes];
    float scales[core::lanes];
    float squares[core::lanes]; ///< of the lengths, for the length of differences only
};

inline char *contents(Page page) noexcept {
    return static_cast<char *>(PageGetContents(page));
}
inline PageTail *tail_of(Page page) noexcept {
    return reinterpret_cast<PageTail *>(PageGetSpecialPointer(page));
}
inline FrameHead *frame_on(Page page, const FrameLayout &layout, std::size_t frame) noexcept {
    return reinterpret_cast<FrameHead *>(contents(page) + frame * layout.bytes());
}
inline std::uint8_t *groups_of(FrameHead *frame, const FrameLayout &layout) noexcept {
    return reinterpret_cast<std::uint8_t *>(frame) + layout.groups_at();
}

/// The place of a row as a number, in the order of places.
inline std::uint64_t number_of(const ItemPointerData &tid) noexcept {
    return (std::uint64_t{ItemPointerGetBlockNumberNoCheck(&tid)} << 16) |
           ItemPointerGetOffsetNumberNoCheck(&tid);
}

/// An empty page of a list. Plain C.
void start_page(Page page, std::uint32_t list, std::uint32_t generation);
/// Says how much of the page is in use.
void set_used(Page page, std::size_t bytes) noexcept;

/// The meta page as it is now. Plain C. Raises XX002 where it is none.
Meta read_meta(Relation index);

/// Checks that a page is one of ours. Raises XX002 where it is not.
void check_page(Relation index, Buffer buffer);

/// Raises XX002. Plain C.
[[noreturn]] void raise_corrupted(Relation index, BlockNumber block);

/// Whether nobody needs a page, if `generation` is the oldest that counts.
bool is_free(Page page, std::uint32_t generation) noexcept;

/// The entry of a list on its page of the directory.
inline ListHead *directory_entry(Page page, std::uint32_t list) noexcept {
    return reinterpret_cast<ListHead *>(contents(page)) + list % entries_per_page;
}

} // namespace steward::ivf
