// Making an index: vectors are sampled for the middles of lists, then each goes to its list, list by list to
// pages.
#include "core/hash.hpp"
#include "core/vector/recall.hpp"

#include "extension/ivf/access.hpp"

#include <cmath>
#include <optional>

#include "extension/boundary.hpp"
#include "extension/ivf/options.hpp"
#include "extension/ivf/posting_writer.hpp"
#include "extension/ivf/rows.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "common/pg_prng.h"
#include "pgstat.h"
}

namespace steward::ivf {

namespace {

constexpr std::size_t sampled_per_list = 80;
constexpr int steps = 10;            ///< of finding middles
constexpr std::size_t queries = 256; ///< that recall is measured by
constexpr std::size_t vectors_at_once = 16;

/// As many as suit the number of vectors.
std::size_t usual_lists(double vectors) noexcept {
    if (vectors < 20'000)
        return std::max<std::size_t>(1, static_cast<std::size_t>(vectors / 160));
    return (static_cast<std::size_t>(2 * std::sqrt(vectors)) + 15) / 16 * 16;
}

/// Vectors at random, as many as fit into some memory, and how many there are.
class Sample {
  public:
    Sample(Relation index, core::Metric metric)
        : index_(index), metric_(metric), random_(core::mix_hash(build_seed)) {}

    void take(std::span<const float> vector, const ItemPointerData &tid) {
        if (dimensions_ == 0)
            start(vector.size());
        guarded([&] { require_dimensions(index_, vector.size(), dimensions_); });
        std::size_t at = tids_.size();
        if (at < room_) {
            vectors_.resize(vectors_.size() + dimensions_);
            tids_.push_back(tid);
        } else if (at = core::mix_hash(++random_) % (seen_ + 1); at >= room_) {
            ++seen_;
            return;
        }
        ++seen_;
        tids_[at] = tid;
        float *const kept = vectors_.data() + at * dimensions_;
        std::ranges::copy(vector, kept);
        if (metric_ == core::Metric::cosine)
            core::normalize(kept, dimensions_);
    }
    std::size_t dimensions() const noexcept { return dimensions_; }
    std::size_t seen() const noexcept { return seen_; }
    std::span<const float> vectors() const noexcept { return vectors_; }
    std::span<const ItemPointerData> tids() const noexcept { return tids_; }

  private:
    /// Half of maintenance_work_mem, and no more than 65,536 lists would need.
    void start(std::size_t dimensions) {
        dimensions_ = dimensions;
        std::size_t const bytes = static_cast<std::size_t>(maintenance_work_mem) * 1024 / 2;
        room_ = std::clamp<std::size_t>(bytes / (dimensions * sizeof(float)), 256, 100'000);
    }

    Relation index_;
    core::Metric metric_;
    std::uint64_t random_;
    std::size_t dimensions_ = 0;
    std::size_t room_ = 0;
    std::size_t seen_ = 0;
    std::vector<float> vectors_;
    std::vector<ItemPointerData> tids_;
};

/// What both passes over the table have in common.
struct Pass {
    Relation heap;
    Relation index;
    core::Metric metric;
    IndexInfo *info;
    MemoryContext scratch;
    double rows;
    double indexed;
    Sample *sample; ///< in the first pass
    const Opened *opened;
    PostingWriter *writer;
    core::RecallMeter *meter;
    std::vector<float> prepared;
    std::vector<float> waiting; ///< prepared vectors, for some at a time to be given to lists
    std::vector<ItemPointerData> waiting_tids;
    Entry entry;
};

bool has_direction(core::Metric metric, std::span<const float> vector) noexcept {
    return metric != core::Metric::cosine ||
           std::ranges::any_of(vector, [](float value) { return value != 0; });
}

void give_to_lists(Pass &pass) {
    std::array<std::uint32_t, vectors_at_once> lists{};
    std::size_t const dimensions = pass.opened->meta.dimensions;
    if (pass.opened->meta.lists > 1)
        pass.opened->centroids.nearest_of(pass.waiting, lists.data());
    for (std::size_t i = 0; i < pass.waiting_tids.size(); ++i) {
        std::span<const float> const vector = std::span(pass.waiting).subspan(i * dimensions, dimensions);
        make_entry(*pass.opened, vector.data(), lists[i], pass.entry);
        pass.writer->add(pass.entry, pass.waiting_tids[i]);
        if (pass.meter != nullptr)
            pass.meter->meet(vector, lists[i], number_of(pass.waiting_tids[i]));
        pass.indexed += 1;
    }
    pass.waiting.clear();
    pass.waiting_tids.clear();
}

void take_row(Pass &pass, ItemPointer tid, Datum value) {
    check_interrupts();
    std::span<const float> const vector = guarded([&] {
        MemoryContext const caller = MemoryContextSwitchTo(pass.scratch);
        std::span<const float> const floats = indexed_vector(value);
        MemoryContextSwitchTo(caller);
        return floats;
    });
    if (has_direction(pass.metric, vector)) {
        if (pass.sample != nullptr) {
            pass.sample->take(vector, *tid);
        } else if (prepare(*pass.opened, vector, pass.prepared)) {
            pass.waiting.insert(pass.waiting.end(), pass.prepared.begin(), pass.prepared.end());
            pass.waiting_tids.push_back(*tid);
            if (pass.waiting_tids.size() == vectors_at_once)
                give_to_lists(pass);
        }
    }
    guarded([&] { MemoryContextReset(pass.scratch); });
}

void row_met(Relation, ItemPointer tid, Datum *values, bool *nulls, bool, void *state) {
    if (nulls[0])
        return;
    boundary([&] { take_row(*static_cast<Pass *>(state), tid, values[0]); });
}

void go_through(Pass &pass) {
    guarded([&] {
        pass.rows = table_index_build_scan(pass.heap, pass.index, pass.info, false, pass.sample == nullptr,
                                           row_met, static_cast<void *>(&pass), nullptr);
    });
}

struct Plan {
    Opened opened;
    std::vector<float> middles; ///< rotated
};

Plan plan(const Sample &sample, Relation index, core::Metric metric) {
    Options const options = options_of(index);
    core::CodeFormat const format{sample.dimensions(), options.bits};
    std::size_t const wanted = options.lists > 0 ? static_cast<std::size_t>(options.lists)
                                                 : usual_lists(static_cast<double>(sample.seen()));
    std::size_t const held_back = sample.tids().size() > 10 * queries ? queries : 0;
    std::span<const float> const all = sample.vectors().subspan(held_back * sample.dimensions());
    std::size_t const enough = std::min(wanted * sampled_per_list, all.size() / sample.dimensions());
    std::vector<float> middles(sample.dimensions());
    if (wanted > 1)
        middles = core::find_centroids(metric, all.first(enough * sample.dimensions()), sample.dimensions(),
                                       wanted, steps, build_seed, on_interrupt);
    core::Rotation rotation(sample.dimensions(), build_seed);
    for (std::size_t i = 0; i < middles.size(); i += sample.dimensions())
        rotation.apply(middles.data() + i);
    Meta meta{};
    meta.magic = magic;
    meta.bits = static_cast<std::uint16_t>(options.bits);
    meta.metric = static_cast<std::uint16_t>(metric);
    meta.dimensions = static_cast<std::uint32_t>(sample.dimensions());
    meta.lists = static_cast<std::uint32_t>(middles.size() / sample.dimensions());
    meta.epoch = pg_prng_uint64(&pg_global_prng_state);
    meta.seed = build_seed;
    meta.vectors = static_cast<std::uint32_t>(sample.seen());
    meta.probes.fill(meta.lists);
    Opened opened{meta,
                  metric,
                  format,
                  FrameLayout(format, metric),
                  std::move(rotation),
                  core::Centroids(metric, sample.dimensions(), middles),
                  {}};
    return {std::move(opened), std::move(middles)};
}

/// Queries are vectors that middles were not found by.
std::optional<core::RecallMeter> meter_of(const Opened &opened, const Sample &sample) {
    if (opened.meta.lists < 2 || sample.tids().size() <= 10 * queries)
        return std::nullopt;
    std::span<const float> const first = sample.vectors().first(queries * sample.dimensions());
    std::vector<float> rotated(first.begin(), first.end());
    for (std::size_t i = 0; i < rotated.size(); i += sample.dimensions())
        opened.rotation.apply(rotated.data() + i);
    std::vector<std::uint64_t> ids;
    for (const ItemPointerData &tid : sample.tids().first(queries))
        ids.push_back(number_of(tid));
    return core::RecallMeter(opened.metric, rotated, ids, sample.dimensions());
}

struct Built {
    double rows;
    double indexed;
};

Built build(Relation heap, Relation index, IndexInfo *info) {
    core::Metric const metric = guarded([&] { return metric_of(index); });
    Pass pass{heap, index, metric, info, nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr, {}, {}, {}, {}};
    pass.scratch = guarded([] {
        return AllocSetContextCreate(CurrentMemoryContext, "steward_ivf row", ALLOCSET_DEFAULT_SIZES);
    });
    Sample sample(index, metric);
    pass.sample = &sample;
    go_through(pass);
    pass.sample = nullptr;
    if (sample.seen() == 0) {
        guarded([&] {
            write_empty(index, MAIN_FORKNUM, metric, static_cast<std::uint16_t>(options_of(index).bits));
        });
        return {pass.rows, 0};
    }
    Plan planned = plan(sample, index, metric);
    Opened &opened = planned.opened;
    std::optional<core::RecallMeter> meter = meter_of(opened, sample);
    PostingWriter writer(opened);
    pass.opened = &opened;
    pass.writer = &writer;
    pass.meter = meter ? &*meter : nullptr;
    go_through(pass);
    give_to_lists(pass);
    if (meter)
        std::ranges::copy(meter->probes(opened.centroids, measured_recalls, on_interrupt),
                          opened.meta.probes.begin());
    opened.meta.vectors = static_cast<std::uint32_t>(std::min(pass.indexed, 4e9));
    writer.write(index, planned.middles);
    guarded([&] { MemoryContextDelete(pass.scratch); });
    return {pass.rows, pass.indexed};
}

} // namespace

IndexBuildResult *ambuild(Relation heap, Relation index, IndexInfo *info) {
    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    Built const built = boundary([&] { return build(heap, index, info); });
    if (RelationNeedsWAL(index))
        log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);
    auto *const result = static_cast<IndexBuildResult *>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = built.rows;
    result->index_tuples = built.indexed;
    return result;
}

void ambuildempty(Relation index) {
    write_empty(index, INIT_FORKNUM, metric_of(index), static_cast<std::uint16_t>(options_of(index).bits));
    log_newpage_range(index, INIT_FORKNUM, 0, 1, true);
}

} // namespace steward::ivf
