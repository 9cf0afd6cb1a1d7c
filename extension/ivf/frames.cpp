#include "core/vector/kernels.hpp"

#include "extension/ivf/frames.hpp"

#include <cmath>

namespace steward::ivf {

Frames::Frames(Relation index, const Opened &opened, std::uint32_t list)
    : index_(index), opened_(opened), list_(list), block_(opened.first[list]),
      images_(opened.layout.pages_per_frame()) {
}

void Frames::read_page(std::size_t part) {
    Page const image = images_[part].data;
    guarded([&] {
        Buffer const buffer = ReadBuffer(index_, block_);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        check_page(index_, buffer);
        memcpy(image, BufferGetPage(buffer), BLCKSZ);
        UnlockReleaseBuffer(buffer);
        const PageTail &tail = *tail_of(image);
        if (tail.generation != opened_.meta.generation || tail.list != list_)
            raise_corrupted(index_, block_);
    });
    block_ = tail_of(image)->next;
}

bool Frames::next() {
    while (frame_ == frames_) {
        if (block_ == InvalidBlockNumber)
            return false;
        check_interrupts();
        for (std::size_t part = 0; part < images_.size(); ++part)
            read_page(part);
        frames_ = tail_of(images_[0].data)->frames;
        frame_ = 0;
    }
    head_ = frame_on(images_[0].data, opened_.layout, frame_++);
    return true;
}

void Frames::read(std::size_t lane, Entry &entry) const {
    const FrameLayout &layout = opened_.layout;
    entry.list = list_;
    entry.code.scale = head_->scales[lane];
    entry.square = layout.has_squares() ? head_->squares[lane] : 0;
    entry.code.words.resize(layout.groups());
    std::span<std::uint32_t> left(entry.code.words);
    for (std::size_t part = 0; part < images_.size(); ++part) {
        std::size_t const here = layout.groups_on(part);
        auto const *const groups =
            part == 0 ? groups_of(head_, layout)
                      : reinterpret_cast<const std::uint8_t *>(PageGetContents(images_[part].data));
        core::take_lane(groups, lane, left.first(here));
        left = left.subspan(here);
    }
}

void Frames::decode(const Entry &entry, float *vector) const {
    if (opened_.codebook.is_there())
        opened_.codebook.decode(entry.code, vector);
    else
        core::decode(opened_.format, entry.code, vector);
    if (!opened_.layout.has_squares())
        return;
    // The vector of a code is as long as makes products right, which is a little too long.
    float const squares = core::kernels().dot(vector, vector, opened_.meta.dimensions);
    float const factor = squares > 0 ? std::sqrt(entry.square / squares) : 0;
    for (std::size_t i = 0; i < opened_.meta.dimensions; ++i)
        vector[i] *= factor;
}

} // namespace steward::ivf
