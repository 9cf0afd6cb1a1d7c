#include "core/hash.hpp"

#include "extension/ivf/grouping.hpp"

#include <algorithm>
#include <cmath>

#include "extension/boundary.hpp"
#include "extension/ivf/options.hpp"

extern "C" {
#include "common/pg_prng.h"
#include "miscadmin.h"
}

namespace steward::ivf {

namespace {

constexpr std::size_t sampled_per_list = 80;
constexpr int steps = 10;                     ///< of finding middles
constexpr std::size_t fewest_sampled = 2'560; ///< of which some are held back
constexpr std::size_t fewest_queries = 384;
constexpr std::size_t most_queries = 1'024;
constexpr std::size_t most_compared = 350'000'000; ///< vectors with queries
constexpr std::size_t vectors_at_once = 16;

} // namespace

/// The more, the nearer is what is found to what is asked for.
std::size_t queries_of(const Sample &sample) noexcept {
    if (sample.size() <= fewest_sampled)
        return 0;
    return std::min(std::clamp(most_compared / sample.seen(), fewest_queries, most_queries),
                    sample.size() / 10);
}

std::size_t wanted_lists(Relation index, double vectors) noexcept {
    if (int const wanted = options_of(index).lists; wanted > 0)
        return static_cast<std::size_t>(wanted);
    if (vectors < 20'000)
        return std::max<std::size_t>(1, static_cast<std::size_t>(vectors / 160));
    return (static_cast<std::size_t>(2 * std::sqrt(vectors)) + 15) / 16 * 16;
}

/// Half of maintenance_work_mem.
Sample::Sample(std::size_t dimensions, core::Metric metric)
    : dimensions_(dimensions), metric_(metric), random_(core::mix_hash(build_seed)),
      room_(std::clamp<std::size_t>(static_cast<std::size_t>(maintenance_work_mem) * 1024 / 2 /
                                        (dimensions * sizeof(float)),
                                    256, 100'000)) {
}

void Sample::take(std::span<const float> vector, std::uint64_t id) {
    std::size_t at = ids_.size();
    if (at < room_) {
        vectors_.resize(vectors_.size() + dimensions_);
        ids_.push_back(id);
    } else if (at = core::mix_hash(++random_) % (seen_ + 1); at >= room_) {
        ++seen_;
        return;
    }
    ++seen_;
    ids_[at] = id;
    float *const kept = vectors_.data() + at * dimensions_;
    std::ranges::copy(vector, kept);
    if (metric_ == core::Metric::cosine)
        core::normalize(kept, dimensions_);
}

void Sample::rotate(const core::Rotation &rotation) {
    for (std::size_t i = 0; i < vectors_.size(); i += dimensions_)
        rotation.apply(vectors_.data() + i);
}

void take_code_options(Relation index, Meta &meta) noexcept {
    Options const options = options_of(index);
    bool const has_codebook = options.quantizer == static_cast<int>(Quantizer::pq);
    meta.bits = static_cast<std::uint16_t>(has_codebook ? options.nbits : options.bits);
    meta.parts = has_codebook ? std::min(static_cast<std::uint32_t>(options.m), meta.dimensions) : 0;
}

void Sample::shuffle() {
    for (std::size_t left = ids_.size(); left > 1; --left) {
        std::size_t const at = core::mix_hash(++random_) % left;
        if (at + 1 == left)
            continue;
        std::swap(ids_[at], ids_[left - 1]);
        std::swap_ranges(vectors_.data() + at * dimensions_, vectors_.data() + (at + 1) * dimensions_,
                         vectors_.data() + (left - 1) * dimensions_);
    }
}

void Sample::move_to(float *room) {
    std::ranges::copy(vectors_, room);
    shared_ = room;
    std::vector<float>().swap(vectors_);
}

std::span<const float> training_of(const Sample &sample, std::size_t lists) noexcept {
    std::span<const float> const all = sample.vectors().subspan(queries_of(sample) * sample.dimensions());
    return all.first(std::min(lists * sampled_per_list * sample.dimensions(), all.size()));
}

Grouping group(const Sample &sample, Meta meta, std::size_t lists, core::Codebook codebook,
               const core::Assign &assigner) {
    auto const metric = static_cast<core::Metric>(meta.metric);
    std::vector<float> middles(sample.dimensions());
    if (lists > 1)
        middles = core::find_centroids(metric, training_of(sample, lists), sample.dimensions(), lists, steps,
                                       build_seed, on_interrupt, assigner);
    meta.lists = static_cast<std::uint32_t>(middles.size() / sample.dimensions());
    meta.epoch = pg_prng_uint64(&pg_global_prng_state);
    meta.middles = meta.directory = InvalidBlockNumber;
    meta.removed = 0;
    meta.probes.fill(static_cast<float>(meta.lists));
    if (meta.parts > 0 && !codebook.is_there())
        codebook = core::Codebook::learn({meta.dimensions, meta.bits, meta.parts},
                                         sample.vectors().subspan(queries_of(sample) * sample.dimensions()),
                                         build_seed, on_interrupt);
    return {make_opened(meta, middles, std::move(codebook)), std::move(middles)};
}

std::optional<core::RecallMeter> meter_of(const Opened &opened, const Sample &sample) {
    std::size_t const queries = queries_of(sample);
    if (opened.meta.lists < 2 || queries == 0)
        return std::nullopt;
    return core::RecallMeter(opened.metric, sample.vectors().first(queries * sample.dimensions()),
                             sample.ids().first(queries), sample.dimensions());
}

void Distributor::add(std::span<const float> prepared, const ItemPointerData &tid) {
    waiting_.insert(waiting_.end(), prepared.begin(), prepared.end());
    tids_.push_back(tid);
    if (tids_.size() == vectors_at_once)
        finish();
}

void Distributor::add(std::span<const float> prepared, const ItemPointerData &tid, const Entry &entry) {
    coded_.push_back(entry);
    add(prepared, tid);
}

void Distributor::finish() {
    std::array<std::uint32_t, vectors_at_once> lists{};
    std::array<std::uint64_t, vectors_at_once> numbers{};
    std::size_t const dimensions = opened_.meta.dimensions;
    if (opened_.meta.lists > 1)
        opened_.centroids.nearest_of(waiting_, lists.data());
    for (std::size_t i = 0; i < tids_.size(); ++i) {
        std::span<const float> const vector = std::span(waiting_).subspan(i * dimensions, dimensions);
        if (coded_.empty())
            make_entry(opened_, vector.data(), lists[i], entry_);
        else
            coded_[i].list = lists[i];
        writer_.add(coded_.empty() ? entry_ : coded_[i], tids_[i]);
        numbers[i] = number_of(tids_[i]);
    }
    if (meter_ != nullptr)
        meter_->meet(waiting_, lists.data(), numbers.data());
    given_ += tids_.size();
    waiting_.clear();
    tids_.clear();
    coded_.clear();
}

} // namespace steward::ivf
