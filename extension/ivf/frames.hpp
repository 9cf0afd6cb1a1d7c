// The vectors that are in a list, as they were when their page was read.
#pragma once

#include "extension/ivf/rows.hpp"

namespace steward::ivf {

/// Goes through the frames of a list. Pages are read one at a time, and nothing stays locked or pinned.
class Frames {
  public:
    Frames(Relation index, const Opened &opened, std::uint32_t list);

    /// The next frame; false at the end of the list.
    bool next();

    const FrameHead &head() const noexcept { return *head_; }
    /// What is in a lane, and its vector.
    void read(std::size_t lane, Entry &entry) const;
    void decode(const Entry &entry, float *vector) const;

  private:
    void read_page(std::size_t part);

    Relation index_;
    const Opened &opened_;
    std::uint32_t list_;
    BlockNumber block_; ///< that comes
    std::size_t frame_ = 0;
    std::size_t frames_ = 0; ///< on the page
    FrameHead *head_ = nullptr;
    std::vector<PGAlignedBlock> images_; ///< of the pages of a frame
};

} // namespace steward::ivf
