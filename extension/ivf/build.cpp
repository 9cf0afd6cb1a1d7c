// Making an index: vectors are sampled for the middles of lists, then each goes to its list, list by list to
// pages. Workers help where the server gives any.
#include "extension/ivf/access.hpp"

#include "extension/boundary.hpp"
#include "extension/ivf/build_pass.hpp"
#include "extension/ivf/build_team.hpp"
#include "extension/ivf/options.hpp"

extern "C" {
#include "access/tableam.h"
#include "access/xloginsert.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "pgstat.h"
}

namespace steward::ivf {

namespace {

/// What pg_stat_progress_create_index shows; the server has 1 for itself.
enum Phase : int { sampling = PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE + 1, grouping, distributing, writing };
constexpr std::array phase_names{"sampling vectors", "finding middles of lists", "giving vectors to lists",
                                 "writing lists"};

void enter(Phase phase) noexcept {
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, phase);
}

Meta first_meta(Relation index) {
    Meta meta{};
    meta.magic = magic;
    meta.bits = static_cast<std::uint16_t>(options_of(index).bits); // a codebook has to wait for vectors
    meta.metric = static_cast<std::uint16_t>(metric_of(index));
    meta.generation = meta.drawn = 1;
    return meta;
}

/// An index without a vector: its first page alone. Plain C.
void write_empty(Relation index, ForkNumber fork) {
    Buffer const buffer = extend(index, fork);
    Page const page = BufferGetPage(buffer);
    start_page(page, 0, 0);
    Meta const meta = first_meta(index);
    memcpy(contents(page), &meta, sizeof meta);
    set_used(page, sizeof meta);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

void write_meta(Relation index, const Meta &meta) {
    Buffer const buffer = ReadBuffer(index, meta_block);
    LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
    memcpy(contents(BufferGetPage(buffer)), &meta, sizeof meta);
    MarkBufferDirty(buffer);
    UnlockReleaseBuffer(buffer);
}

struct Made {
    Relation heap;
    Relation index;
    IndexInfo *info;
};

/// The first pass: some of the vectors, and how many rows there are.
std::optional<Sample> sample(const Made &made, core::Metric metric, double &rows) {
    std::optional<Sample> sample;
    rows = go_through(made.heap, made.index, made.info,
                      [&](const ItemPointerData &tid, std::span<const float> vector) {
                          if (!sample)
                              sample.emplace(vector.size(), metric);
                          guarded([&] {
                              require_dimensions(made.index, vector.size(), sample->dimensions());
                              require_length(made.index, vector);
                          });
                          sample->take(vector, number_of(tid));
                      });
    return sample;
}

/// The second one: each vector goes to its list.
std::uint64_t distribute_alone(const Made &made, const Opened &opened, PostingWriter &writer,
                               core::RecallMeter *meter) {
    Distributor distributor(opened, writer, meter);
    std::vector<float> prepared;
    go_through(made.heap, made.index, made.info,
               [&](const ItemPointerData &tid, std::span<const float> vector) {
                   if (prepare(opened, vector, prepared))
                       distributor.add(prepared, tid);
                   pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE,
                                                static_cast<std::int64_t>(distributor.given()));
               });
    distributor.finish();
    return distributor.given();
}

std::uint64_t distribute(const Made &made, const Sample &sample, Grouping &grouping, Team *team) {
    Opened &opened = grouping.opened;
    std::optional<core::RecallMeter> meter = meter_of(opened, sample);
    core::RecallMeter *const meets = meter ? &*meter : nullptr;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, static_cast<std::int64_t>(sample.seen()));
    enter(Phase::distributing);
    std::uint64_t given = 0;
    if (team != nullptr)
        given = team->distribute(opened, grouping.middles, meets);
    PostingWriter writer(opened, team != nullptr ? team->sorted() : nullptr);
    if (team == nullptr)
        given = distribute_alone(made, opened, writer, meets);
    if (meter)
        std::ranges::copy(meter->probes(opened.centroids, measured_recalls, on_interrupt),
                          opened.meta.probes.begin());
    opened.meta.vectors = given;
    enter(Phase::writing);
    FreshPages pages(made.index, opened.meta.generation);
    writer.write(pages, grouping.middles, opened.meta);
    guarded([&] { write_meta(made.index, opened.meta); });
    return given;
}

struct Built {
    double rows;
    double indexed;
};

Built build(const Made &made) {
    Meta meta = guarded([&] {
        write_empty(made.index, MAIN_FORKNUM);
        return first_meta(made.index);
    });
    enter(Phase::sampling);
    Built built{};
    std::optional<Sample> some = sample(made, static_cast<core::Metric>(meta.metric), built.rows);
    if (!some)
        return built;
    meta.dimensions = static_cast<std::uint32_t>(some->dimensions());
    meta.seed = build_seed;
    guarded([&] { take_code_options(made.index, meta); });
    some->shuffle();
    some->rotate(core::Rotation(meta.dimensions, meta.seed));
    enter(Phase::grouping);
    std::size_t const lists = wanted_lists(made.index, static_cast<double>(some->seen()));
    std::optional<Team> team = Team::gather(made.heap, made.index, made.info, *some, meta, lists);
    Grouping grouping = group(*some, meta, lists, {}, team ? team->assigner() : core::Assign());
    built.indexed = static_cast<double>(distribute(made, *some, grouping, team ? &*team : nullptr));
    if (team)
        team->dismiss();
    return built;
}

} // namespace

IndexBuildResult *ambuild(Relation heap, Relation index, IndexInfo *info) {
    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    Built const built = boundary([&] { return build({heap, index, info}); });
    if (RelationNeedsWAL(index))
        log_newpage_range(index, MAIN_FORKNUM, 0, RelationGetNumberOfBlocks(index), true);
    auto *const result = static_cast<IndexBuildResult *>(palloc(sizeof(IndexBuildResult)));
    result->heap_tuples = built.rows;
    result->index_tuples = built.indexed;
    return result;
}

char *ambuildphasename(int64 phase) {
    if (phase == PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE)
        return pstrdup("initializing");
    std::size_t const at = static_cast<std::size_t>(phase - Phase::sampling);
    return at < phase_names.size() ? pstrdup(phase_names[at]) : nullptr;
}

void ambuildempty(Relation index) {
    write_empty(index, INIT_FORKNUM);
    log_newpage_range(index, INIT_FORKNUM, 0, 1, true);
}

} // namespace steward::ivf
