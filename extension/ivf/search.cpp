#include "core/vector/kernels.hpp"

#include "extension/ivf/search.hpp"

#include <cmath>
#include <limits>

#include "extension/boundary.hpp"

namespace steward::ivf {

namespace {

constexpr std::size_t usual_rerank = 40;
constexpr std::size_t chunks = 4;     ///< of rows to look up, before more lists are looked into
constexpr std::size_t more_lists = 4; ///< times as many then
constexpr std::size_t more_rows = 8;

std::uint64_t number_of(const ItemPointerData &tid) noexcept {
    return (std::uint64_t{ItemPointerGetBlockNumberNoCheck(&tid)} << 16) |
           ItemPointerGetOffsetNumberNoCheck(&tid);
}

/// Codes of few dimensions say less of a distance than those of many.
std::size_t rerank_of(const SearchSettings &settings, std::size_t dimensions) noexcept {
    return settings.rerank > 0 ? static_cast<std::size_t>(settings.rerank)
                               : std::clamp(100 * usual_rerank / dimensions, usual_rerank, 4 * usual_rerank);
}

std::vector<float> prepared_of(const Opened &opened, std::span<const float> query, bool &has_direction) {
    std::vector<float> prepared;
    has_direction = prepare(opened, query, prepared);
    return prepared;
}

} // namespace

Search::Search(Relation index, const Opened &opened, std::span<const float> query,
               const SearchSettings &settings)
    : index_(index), opened_(opened), settings_(settings),
      prepared_(prepared_of(opened, query, has_direction_)), query_(opened.format, prepared_.data()),
      last_distance_(-std::numeric_limits<double>::infinity()) {
}

bool Search::next(Rows &rows, Found &found) {
    for (;;) {
        while (returned_ < found_.size()) {
            found = found_[returned_++];
            if (settings_.iterative == static_cast<int>(Iterative::strict) && found.distance < last_distance_)
                continue;
            last_distance_ = found.distance;
            return true;
        }
        if (!rank_some(rows))
            return false;
    }
}

/// Looks up the best of the candidates that were not looked up yet.
bool Search::rank_some(Rows &rows) {
    if (ranked_ == candidates_.size()) {
        if (is_over_)
            return false;
        collect();
    }
    std::size_t const end =
        std::min(candidates_.size(), ranked_ + rerank_of(settings_, opened_.meta.dimensions));
    found_.clear();
    returned_ = 0;
    for (; ranked_ < end; ++ranked_) {
        check_interrupts();
        Found found{0, candidates_[ranked_].tid};
        if (rows.distance(found.tid, found.distance))
            found_.push_back(found);
        known_.insert(number_of(found.tid));
    }
    std::ranges::sort(found_, {}, [](const Found &row) { // what has no distance is the farthest
        return std::isnan(row.distance) ? std::numeric_limits<double>::infinity() : row.distance;
    });
    return true;
}

/// Looks into the nearest lists, more of them each time, for the best of the candidates that are not known.
void Search::collect() {
    bool const is_first = probes_ == 0;
    std::size_t const all = opened_.meta.lists;
    probes_ = is_first ? opened_.probes(settings_.probes, settings_.target_recall)
                       : std::min(all, probes_ * more_lists);
    wanted_ = is_first ? rerank_of(settings_, opened_.meta.dimensions) * chunks : wanted_ * more_rows;
    opened_.centroids.rank(prepared_.data(), probes_, lists_);
    candidates_.clear();
    ranked_ = 0;
    has_dropped_ = false;
    least_ = -std::numeric_limits<float>::infinity();
    for (std::uint32_t const list : lists_) {
        check_interrupts();
        guarded([&] { scan_list(list); });
    }
    cut();
    std::ranges::sort(candidates_, std::ranges::greater{}, &Candidate::nearness);
    bool const was_all = probes_ == all && !has_dropped_;
    is_over_ = was_all || settings_.iterative == static_cast<int>(Iterative::off);
}

/// Plain C but for candidates, which are not on the stack.
void Search::scan_list(std::uint32_t list) {
    for (BlockNumber block = opened_.first[list]; block != InvalidBlockNumber;) {
        if (opened_.layout.pages_per_frame() > 1) {
            scan_wide(block);
            continue;
        }
        Buffer const buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        check_page(index_, buffer);
        scan_page(BufferGetPage(buffer));
        block = tail_of(BufferGetPage(buffer))->next;
        UnlockReleaseBuffer(buffer);
    }
}

void Search::scan_page(Page page) {
    const FrameLayout &layout = opened_.layout;
    const core::Kernels &kernel = core::kernels();
    auto *const scan = opened_.format.bits == 4 ? kernel.scan4 : kernel.scan8;
    std::size_t const frames = tail_of(page)->frames;
    for (std::size_t i = 0; i < frames; ++i) {
        FrameHead *const frame = frame_on(page, layout, i);
        std::int32_t sums[core::lanes];
        scan(groups_of(frame, layout), query_.levels(), layout.groups(), sums);
        offer(*frame, sums);
    }
}

/// A frame over several pages: `block` is its first, and then where the chain goes on.
void Search::scan_wide(BlockNumber &block) {
    const FrameLayout &layout = opened_.layout;
    const core::Kernels &kernel = core::kernels();
    auto *const scan = opened_.format.bits == 4 ? kernel.scan4 : kernel.scan8;
    FrameHead head{};
    bool is_used = false;
    std::int32_t sums[core::lanes] = {};
    const std::int8_t *levels = query_.levels();
    for (std::size_t part = 0; part < layout.pages_per_frame(); ++part) {
        Buffer const buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        check_page(index_, buffer);
        Page const page = BufferGetPage(buffer);
        auto *groups = reinterpret_cast<std::uint8_t *>(contents(page));
        if (part == 0) {
            is_used = tail_of(page)->frames > 0;
            memcpy(static_cast<void *>(&head), contents(page), layout.groups_at());
            groups += layout.groups_at();
        }
        if (is_used) {
            std::int32_t some[core::lanes];
            scan(groups, levels, layout.groups_on(part), some);
            for (std::size_t lane = 0; lane < core::lanes; ++lane)
                sums[lane] += some[lane];
        }
        levels += layout.groups_on(part) * opened_.format.dimensions_per_group();
        block = tail_of(page)->next;
        UnlockReleaseBuffer(buffer);
    }
    if (is_used)
        offer(head, sums);
}

void Search::offer(const FrameHead &frame, const std::int32_t *sums) {
    for (unsigned live = frame.live; live != 0; live &= live - 1) {
        auto const lane = static_cast<std::size_t>(std::countr_zero(live));
        float nearness = query_.product(sums[lane], frame.scales[lane]);
        if (opened_.metric == core::Metric::l2)
            nearness = 2 * nearness - frame.squares[lane];
        if (nearness > least_ && (known_.empty() || !known_.contains(number_of(frame.tids[lane]))))
            candidates_.push_back({nearness, frame.tids[lane]});
    }
    if (candidates_.size() >= 2 * wanted_ + core::lanes)
        cut();
}

/// Keeps the best, as many as are wanted.
void Search::cut() {
    if (candidates_.size() <= wanted_)
        return;
    auto const end = candidates_.begin() + static_cast<std::ptrdiff_t>(wanted_);
    std::ranges::nth_element(candidates_, end - 1, std::ranges::greater{}, &Candidate::nearness);
    least_ = (end - 1)->nearness;
    candidates_.erase(end, candidates_.end());
    has_dropped_ = true;
}

} // namespace steward::ivf
