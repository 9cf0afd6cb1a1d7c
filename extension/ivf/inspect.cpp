// What an index looks like from inside, and whether it is whole.
#include "core/vector/codes.hpp"

#include "extension/ivf/access.hpp"

#include <cmath>
#include <unordered_set>

#include "extension/boundary.hpp"
#include "extension/ivf/opened.hpp"
#include "extension/ivf/options.hpp"
#include "extension/rows.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/index.h"
#include "utils/acl.h"
}

namespace steward::ivf {

namespace {

constexpr const char *component = "vector";

/// What a walk through all lists found.
struct Walk {
    std::uint64_t vectors = 0;
    std::uint64_t free_lanes = 0;
    std::uint64_t pages = 0;
    std::uint64_t longest = 0; ///< vectors of the longest list
    std::unordered_set<std::uint64_t> rows;
    struct Problem {
        std::uint32_t list;
        std::string text;
    };
    std::uint32_t list = 0; ///< that the walk is in
    std::vector<Problem> problems;

    void complain(std::string text) {
        if (problems.size() < 100)
            problems.push_back({list, std::move(text)});
    }
};

std::string at_page(BlockNumber block) {
    return "block " + std::to_string(block) + ": ";
}

/// A page as it was, to be looked at without a lock. Plain C.
void copy_page(Relation index, BlockNumber block, char *image) {
    Buffer const buffer = ReadBuffer(index, block);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    check_page(index, buffer);
    memcpy(image, BufferGetPage(buffer), BLCKSZ);
    UnlockReleaseBuffer(buffer);
}

void walk_frame(const FrameHead &frame, BlockNumber block, Walk &walk) {
    walk.free_lanes +=
        static_cast<std::uint64_t>(core::lanes) - static_cast<std::uint64_t>(std::popcount(frame.live));
    for (unsigned live = frame.live; live != 0; live &= live - 1) {
        const ItemPointerData &tid = frame.tids[static_cast<std::size_t>(std::countr_zero(live))];
        std::uint64_t const row = number_of(tid);
        ++walk.vectors;
        if (!ItemPointerIsValid(&tid))
            walk.complain(at_page(block) + "a vector of no row");
        else if (!walk.rows.insert(row).second)
            walk.complain(at_page(block) + "two vectors of row (" + std::to_string(row >> 16) + "," +
                          std::to_string(row & 0xffff) + ")");
    }
}

void walk_list(Relation index, const Opened &opened, std::uint32_t list, Walk &walk) {
    const FrameLayout &layout = opened.layout;
    BlockNumber const blocks = guarded([&] { return RelationGetNumberOfBlocks(index); });
    std::uint64_t const before = walk.vectors;
    std::uint64_t seen = 0;
    PGAlignedBlock image;
    for (BlockNumber block = opened.first[list]; block != InvalidBlockNumber; ++seen) {
        check_interrupts();
        if (block >= blocks || seen > blocks) {
            walk.complain("list " + std::to_string(list) +
                          (seen > blocks ? ": goes round" : ": leads out of the index"));
            break;
        }
        guarded([&] { copy_page(index, block, image.data); });
        PageTail const tail = *tail_of(image.data);
        bool const is_first_part = seen % layout.pages_per_frame() == 0;
        if (tail.generation != opened.meta.generation)
            walk.complain(at_page(block) + "of generation " + std::to_string(tail.generation));
        if (tail.list != list)
            walk.complain(at_page(block) + "of list " + std::to_string(tail.list) + " in list " +
                          std::to_string(list));
        if (tail.frames > (is_first_part ? layout.frames_per_page() : 0))
            walk.complain(at_page(block) + "has " + std::to_string(tail.frames) + " frames");
        else
            for (std::size_t i = 0; i < tail.frames; ++i)
                walk_frame(*frame_on(image.data, layout, i), block, walk);
        block = tail.next;
    }
    walk.pages += seen;
    walk.longest = std::max(walk.longest, walk.vectors - before);
    if (seen % layout.pages_per_frame() != 0)
        walk.complain("ends within a vector");
}

Walk walk(Relation index, const Opened &opened) {
    Walk walk;
    for (; walk.list < opened.meta.lists; ++walk.list)
        walk_list(index, opened, walk.list, walk);
    return walk;
}

/// Opens an index of this access method whose table the caller may read. Plain C.
Relation open_index(Oid oid) {
    Relation const index = index_open(oid, AccessShareLock);
    if (index->rd_indam->ambuild != ambuild)
        ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
                errmsg("\"%s\" is not a steward_ivf index", RelationGetRelationName(index)));
    Oid const table = index->rd_index->indrelid;
    if (pg_class_aclcheck(table, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
        aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_INDEX, RelationGetRelationName(index));
    return index;
}

const char *name_of(core::Metric metric) noexcept {
    return metric == core::Metric::cosine ? "cosine" : metric == core::Metric::l2 ? "l2" : "inner_product";
}

/// Plain data.
struct Stats {
    Meta meta;
    std::int64_t vectors;
    std::int64_t free_lanes;
    std::int64_t pages;
    std::int64_t longest;
    std::int32_t probes;
};

Stats stats_of(Relation index) {
    Stats stats{};
    stats.meta = guarded([&] { return read_meta(index); });
    if (std::shared_ptr<const Opened> const opened = open(index)) {
        Walk const found = walk(index, *opened);
        stats.vectors = static_cast<std::int64_t>(found.vectors);
        stats.free_lanes = static_cast<std::int64_t>(found.free_lanes);
        stats.pages = static_cast<std::int64_t>(found.pages);
        stats.longest = static_cast<std::int64_t>(found.longest);
        stats.probes = static_cast<std::int32_t>(
            std::ceil(opened->probes(search_settings.probes, search_settings.target_recall)));
    }
    return stats;
}

/// In the memory of the caller.
struct Problem {
    std::int32_t list;
    char *text;
};
struct Problems {
    Problem *all;
    std::size_t count;
};

/// What is wrong twice: sessions and vacuum change an index while it is walked through, and a row whose place
/// was given to another meanwhile is no problem.
std::vector<Walk::Problem> lasting_problems(Relation index) {
    std::vector<Walk::Problem> found;
    for (int round = 0; round < 2; ++round) {
        std::shared_ptr<const Opened> const opened = open(index);
        if (opened == nullptr)
            return {};
        std::vector<Walk::Problem> now = walk(index, *opened).problems;
        if (round > 0)
            std::erase_if(now, [&](const Walk::Problem &each) {
                return std::ranges::find(found, each.text, &Walk::Problem::text) == found.end();
            });
        found = std::move(now);
        if (found.empty())
            break;
    }
    return found;
}

Problems problems_of(Relation index) {
    Problems problems{};
    std::vector<Walk::Problem> const found = lasting_problems(index);
    guarded([&] { problems.all = static_cast<Problem *>(palloc(sizeof(Problem) * (found.size() + 1))); });
    for (const Walk::Problem &problem : found) {
        char *const text = guarded([&] { return pstrdup(problem.text.c_str()); });
        problems.all[problems.count++] = {static_cast<std::int32_t>(problem.list), text};
    }
    return problems;
}

} // namespace
} // namespace steward::ivf

using steward::ivf::component;

/// (index) -> metric, dimensions, bits, lists, probes, vectors, free lanes, longest list, pages
STEWARD_FUNCTION(steward_ivf_stats) {
    using namespace steward::ivf;
    Relation const index = open_index(PG_GETARG_OID(0));
    Stats const stats = stats_of(index);
    index_close(index, AccessShareLock);
    return steward::one_row(
        fcinfo,
        std::array{CStringGetTextDatum(name_of(static_cast<steward::core::Metric>(stats.meta.metric))),
                   Int32GetDatum(static_cast<std::int32_t>(stats.meta.dimensions)),
                   Int32GetDatum(stats.meta.bits), Int32GetDatum(static_cast<std::int32_t>(stats.meta.lists)),
                   Int32GetDatum(stats.probes), Int64GetDatum(stats.vectors), Int64GetDatum(stats.free_lanes),
                   Int64GetDatum(stats.longest), Int64GetDatum(stats.pages)});
}

/// (index) -> list, what is wrong with it
STEWARD_FUNCTION(steward_ivf_check) {
    using namespace steward::ivf;
    Relation const index = open_index(PG_GETARG_OID(0));
    Problems const problems = problems_of(index);
    index_close(index, AccessShareLock);
    steward::ResultRows const rows = steward::start_rows(fcinfo);
    for (std::size_t i = 0; i < problems.count; ++i)
        rows.add([&] {
            return std::array{Int32GetDatum(problems.all[i].list), CStringGetTextDatum(problems.all[i].text)};
        });
    return Datum{0};
}
