#include "core/hash.hpp"
#include "core/vector/kernels.hpp"

#include "extension/ivf/search.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "extension/boundary.hpp"

namespace steward::ivf {

namespace {

constexpr std::size_t usual_rerank = 30;
constexpr std::size_t of_coarse_codes = 16; ///< times as many
constexpr std::size_t chunks = 2;           ///< of rows to look up, before more lists are looked into
constexpr std::size_t more_lists = 8;       ///< times as many then, and
constexpr std::size_t more_rows = 32;       ///< so many times the rows: few fulfil a condition
constexpr std::size_t still_more = 3;       ///< and times as many of both from then on

bool says_little(core::CodeFormat format) noexcept {
    return format.parts > 0 || format.bits == 1;
}

/// Of products of directions, times the root of their dimensions.
double error_of_codes(core::CodeFormat format) noexcept {
    return says_little(format) ? 1 : format.bits == 4 ? 0.2 : 0.02;
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
    : index_(index), opened_(std::move(opened)), settings_(settings), prepared_(prepared_of(*opened_, query)),
      query_(coded()), query_square_(static_cast<double>(
                           core::kernels().dot(prepared_.data(), prepared_.data(), prepared_.size()))),
      last_distance_(-std::numeric_limits<double>::infinity()) {
    measure();
}

core::CodedQuery Search::coded() const {
    return opened_->codebook.is_there()
               ? core::CodedQuery(opened_->format, opened_->codebook, prepared_.data())
               : core::CodedQuery(opened_->format, prepared_.data());
}

/// What follows from how the codes are made.
void Search::measure() {
    query_ = coded();
    doubt_ =
        error_of_codes(opened_->format) / std::sqrt(static_cast<double>(prepared_.size())) * query_square_;
    line_ = query_.line(opened_->metric == core::Metric::l2 ? 2 : 1);
}

/// Codes of few dimensions say less of a distance than those of many.
std::size_t Search::rerank() const noexcept {
    if (settings_.rerank > 0)
        return static_cast<std::size_t>(settings_.rerank);
    std::size_t const usual =
        std::clamp(100 * usual_rerank / prepared_.size(), usual_rerank, 4 * usual_rerank);
    return says_little(opened_->format) ? usual * of_coarse_codes : usual;
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
    double const seems = opened_->metric == core::Metric::cosine ? 1 - nearness
                         : opened_->metric == core::Metric::inner_product
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
    std::size_t const end = std::min(candidates_.size(), ranked_ + rerank());
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

/// A number from 0 to 1 that is the same for the same query.
double Search::draw() const noexcept {
    std::uint64_t hash = 0;
    for (float const value : prepared_)
        hash = core::mix_hash(hash ^ std::bit_cast<std::uint32_t>(value));
    return static_cast<double>(hash >> 11) * 0x1p-53;
}

/// How many lists to look into at first: where that is a fraction, some queries look into one more.
std::size_t Search::first_probes() const noexcept {
    double const probes = opened_->probes(settings_.probes, settings_.target_recall);
    double const whole = std::floor(probes);
    return static_cast<std::size_t>(whole) + (probes > whole && draw() < probes - whole ? 1 : 0);
}

/// Looks into the nearest lists, more of them each time, for the best of the candidates that are not known.
void Search::collect() {
    if (round_ == 0) {
        probes_ = first_probes();
        wanted_ = rerank() * chunks;
    } else {
        probes_ =
            std::min<std::size_t>(opened_->meta.lists, probes_ * (round_ == 1 ? more_lists : still_more));
        wanted_ *= round_ == 1 ? more_rows : still_more;
    }
    ++round_;
    while (!scan_lists())
        open_anew();
    cut();
    std::ranges::sort(candidates_, std::ranges::greater{}, &Candidate::nearness);
    bool const was_all = probes_ == opened_->meta.lists && !has_dropped_;
    is_over_ = was_all || settings_.iterative == static_cast<int>(Iterative::off);
}

/// Vectors were grouped anew, and pages of the old grouping serve others by now. All rows that the snapshot
/// of the scan sees are in the new one; those that were returned are known.
void Search::open_anew() {
    std::shared_ptr<const Opened> newer = open(index_);
    if (newer->meta.epoch == opened_->meta.epoch)
        guarded([&] { raise_corrupted(index_, opened_->meta.directory); });
    double const share = static_cast<double>(probes_) / opened_->meta.lists;
    opened_ = std::move(newer);
    measure();
    probes_ = round_ == 1
                  ? first_probes()
                  : static_cast<std::size_t>(std::ceil(share * static_cast<double>(opened_->meta.lists)));
}

/// False if the lists are not there any more.
bool Search::scan_lists() {
    opened_->centroids.rank(prepared_.data(), probes_, lists_);
    candidates_.clear();
    ranked_ = 0;
    has_dropped_ = false;
    least_ = -std::numeric_limits<float>::infinity();
    return guarded([&] {
        if (opened_->layout.pages_per_frame() == 1)
            return scan_narrow();
        for (std::uint32_t const list : lists_)
            for (BlockNumber block = opened_->first[list]; block != InvalidBlockNumber;)
                if (!scan_wide(block))
                    return false;
        return true;
    });
}

bool Search::is_current(Buffer buffer) const {
    check_page(index_, buffer);
    return tail_of(BufferGetPage(buffer))->generation == opened_->meta.generation;
}

/// Plain C but for candidates, which are not on the stack. The next page is on its way while one is looked
/// at.
bool Search::scan_narrow() {
    std::size_t list = 0;
    Buffer buffer = ReadBuffer(index_, opened_->first[lists_[0]]);
    while (BufferIsValid(buffer)) {
        check_interrupts();
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        if (!is_current(buffer)) {
            UnlockReleaseBuffer(buffer);
            return false;
        }
        Page const page = BufferGetPage(buffer);
        BlockNumber next = tail_of(page)->next;
        if (next == InvalidBlockNumber && ++list < lists_.size())
            next = opened_->first[lists_[list]];
        Buffer coming = InvalidBuffer;
        if (next != InvalidBlockNumber) {
            coming = ReadBuffer(index_, next);
            fetch_ahead(BufferGetPage(coming), opened_->layout);
        }
        scan_page(page);
        UnlockReleaseBuffer(buffer);
        buffer = coming;
    }
    return true;
}

void Search::scan_page(Page page) {
    const FrameLayout &layout = opened_->layout;
    std::size_t const frames = tail_of(page)->frames;
    for (std::size_t i = 0; i < frames; ++i) {
        FrameHead *const frame = frame_on(page, layout, i);
        std::int32_t sums[core::lanes];
        query_.scan(groups_of(frame, layout), 0, layout.groups(), sums);
        offer(*frame, sums);
    }
}

/// A frame over several pages: `block` is its first, and then where the chain goes on. False if it is not
/// there any more.
bool Search::scan_wide(BlockNumber &block) {
    const FrameLayout &layout = opened_->layout;
    check_interrupts();
    FrameHead head{};
    bool is_used = false;
    std::int32_t sums[core::lanes] = {};
    std::size_t first = 0;
    for (std::size_t part = 0; part < layout.pages_per_frame(); ++part) {
        Buffer const buffer = ReadBuffer(index_, block);
        LockBuffer(buffer, BUFFER_LOCK_SHARE);
        if (!is_current(buffer)) {
            UnlockReleaseBuffer(buffer);
            return false;
        }
        Page const page = BufferGetPage(buffer);
        auto *groups = reinterpret_cast<std::uint8_t *>(contents(page));
        if (part == 0) {
            is_used = tail_of(page)->frames > 0;
            memcpy(static_cast<void *>(&head), contents(page), layout.groups_at());
            groups += layout.groups_at();
        }
        if (is_used) {
            std::int32_t some[core::lanes];
            query_.scan(groups, first, layout.groups_on(part), some);
            for (std::size_t lane = 0; lane < core::lanes; ++lane)
                sums[lane] += some[lane];
        }
        first += layout.groups_on(part);
        block = tail_of(page)->next;
        UnlockReleaseBuffer(buffer);
    }
    if (is_used)
        offer(head, sums);
    return true;
}

void Search::offer(const FrameHead &frame, const std::int32_t *sums) {
    float nearness[core::lanes];
    const float *const squares = opened_->layout.has_squares() ? frame.squares : nullptr;
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
