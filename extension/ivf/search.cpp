#include "core/vector/kernels.hpp"

#include "extension/ivf/search.hpp"

#include <cmath>
#include <limits>

#include "extension/boundary.hpp"

namespace steward::ivf {

namespace {

constexpr std::size_t usual_rerank = 30;
constexpr double error_of_codes = 0.2; ///< of products of directions, times the root of their dimensions
constexpr std::size_t chunks = 2;      ///< of rows to look up, before more lists are looked into
constexpr std::size_t more_lists = 24; ///< times as many then, and
constexpr std::size_t more_rows = 32;  ///< so many times the rows: few fulfil a condition
constexpr std::size_t still_more = 3;  ///< and times as many of both from then on

/// Codes of few dimensions say less of a distance than those of many.
std::size_t rerank_of(const SearchSettings &settings, std::size_t dimensions) noexcept {
    return settings.rerank > 0 ? static_cast<std::size_t>(settings.rerank)
                               : std::clamp(100 * usual_rerank / dimensions, usual_rerank, 4 * usual_rerank);
}

/// Where the processor would wait for memory: at the head of each frame; from there on it goes ahead by
/// itself.
void fetch_ahead(Page page, const FrameLayout &layout) noexcept {
    __builtin_prefetch(page);
    __builtin_prefetch(static_cast<const char *>(page) + BLCKSZ - sizeof(PageTail));
    for (std::size_t i = 0; i < layout.frames_per_page(); ++i)
        for (std::size_t line = 0; line < 4; ++line)
            __builtin_prefetch(contents(page) + i * layout.bytes() + line * 64);
}

/// What has no distance is the farthest.
double order_of(const Found &row) noexcept {
    return std::isnan(row.distance) ? std::numeric_limits<double>::infinity() : row.distance;
}

/// All are equally near to a query without a direction: it stays as it is.
std::vector<float> prepared_of(const Opened &opened, std::span<const float> query) {
    std::vector<float> prepared;
    prepare(opened, query, prepared);
    return prepared;
}

} // namespace

Search::Search(Relation index, std::shared_ptr<const Opened> opened, std::span<const float> query,
               const SearchSettings &settings)
    : index_(index), kept_(std::move(opened)), opened_(*kept_), settings_(settings),
      prepared_(prepared_of(opened_, query)), query_(opened_.format, prepared_.data()),
      query_square_(
          static_cast<double>(core::kernels().dot(prepared_.data(), prepared_.data(), prepared_.size()))),
      doubt_(error_of_codes / std::sqrt(static_cast<double>(prepared_.size())) * query_square_ *
             (opened_.format.bits == 4 ? 1 : 0.1)),
      line_(query_.line(opened_.metric == core::Metric::l2 ? 2 : 1)),
      last_distance_(-std::numeric_limits<double>::infinity()) {
}

bool Search::next(Rows &rows, Found &found) {
    for (;;) {
        while (!found_.empty() && !may_be_nearer()) {
            std::ranges::pop_heap(found_, std::ranges::greater{}, order_of);
            found = found_.back();
            found_.pop_back();
            if (settings_.iterative == static_cast<int>(Iterative::strict) && found.distance < last_distance_)
                continue;
            last_distance_ = found.distance;
            return true;
        }
        if (!rank_some(rows))
            return false;
    }
}

/// Whether the best candidate that was not looked up seems to be nearer than the best of the rows.
bool Search::may_be_nearer() const noexcept {
    if (ranked_ == candidates_.size())
        return false;
    // Among the few that fulfil a condition those in between count: codes may be wrong by so much.
    double const doubt = round_ > 1 ? doubt_ : 0;
    auto const nearness = static_cast<double>(candidates_[ranked_].nearness) + doubt;
    double const seems = opened_.metric == core::Metric::cosine ? 1 - nearness
                         : opened_.metric == core::Metric::inner_product
                             ? -nearness
                             : std::sqrt(std::max(query_square_ - nearness, 0.0));
    return seems < found_.front().distance;
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
    for (; ranked_ < end; ++ranked_) {
        check_interrupts();
        Found found{0, candidates_[ranked_].tid};
        known_.insert(number_of(found.tid));
        if (!rows.distance(found.tid, found.distance))
            continue;
        found_.push_back(found);
        std::ranges::push_heap(found_, std::ranges::greater{}, order_of);
    }
    return true;
}

/// Looks into the nearest lists, more of them each time, for the best of the candidates that are not known.
void Search::collect() {
    std::size_t const all = opened_.meta.lists;
    if (round_ == 0) {
        probes_ = opened_.probes(settings_.probes, settings_.target_recall);
        wanted_ = rerank_of(settings_, opened_.meta.dimensions) * chunks;
    } else {
        probes_ = std::min(all, probes_ * (round_ == 1 ? more_lists : still_more));
        wanted_ *= round_ == 1 ? more_rows : still_more;
    }
    ++round_;
    opened_.centroids.rank(prepared_.data(), probes_, lists_);
    candidates_.clear();
    ranked_ = 0;
    has_dropped_ = false;
    least_ = -std::numeric_limits<float>::infinity();
    guarded([&] {
        if (opened_.layout.pages_per_frame() == 1)
            return scan_narrow();
        for (std::uint32_t const list : lists_)
            for (BlockNumber block = opened_.first[list]; block != InvalidBlockNumber;)
                scan_wide(block);
    });
    cut();
    std::ranges::sort(candidates_, std::ranges::greater{}, &Candidate::nearness);
    bool const was_all = probes_ == all && !has_dropped_;
    is_over_ = was_all || settings_.iterative == static_cast<int>(Iterative::off);
}

/// Plain C but for candidates, which are not on the stack. The next page is on its way while one is looked
/// at.
void Search::scan_narrow() {
    std::size_t list = 0;
    Buffer buffer = ReadBuffer(index_, opened_.first[lists_[0]]);
    while (BufferIsValid(buffer)) {
        check_interrupts();
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        check_page(index_, buffer);
        Page const page = BufferGetPage(buffer);
        BlockNumber next = tail_of(page)->next;
        if (next == InvalidBlockNumber && ++list < lists_.size())
            next = opened_.first[lists_[list]];
        Buffer coming = InvalidBuffer;
        if (next != InvalidBlockNumber) {
            coming = ReadBuffer(index_, next);
            fetch_ahead(BufferGetPage(coming), opened_.layout);
        }
        scan_page(page);
        UnlockReleaseBuffer(buffer);
        buffer = coming;
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
    check_interrupts();
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
    float nearness[core::lanes];
    const float *const squares = opened_.layout.has_squares() ? frame.squares : nullptr;
    unsigned const nearer = core::kernels().nearer(sums, frame.scales, squares, line_, least_, nearness);
    for (unsigned left = nearer & frame.live; left != 0; left &= left - 1) {
        auto const lane = static_cast<std::size_t>(std::countr_zero(left));
        if (known_.empty() || !known_.contains(number_of(frame.tids[lane])))
            candidates_.push_back({nearness[lane], frame.tids[lane]});
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
