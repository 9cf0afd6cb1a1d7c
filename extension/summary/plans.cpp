#include "extension/summary/plans.hpp"

#include "extension/migration.hpp"
#include "extension/summary/statements.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"
}

namespace steward::summary {

namespace {

/// What a session keeps of a summary.
struct Known {
    Oid stored; ///< the key of the table
    bool are_plans_stale;
    bool are_partitions_known;
    SPIPlanPtr plans[steps];
    List *relations; ///< whose partitions are known, in the memory of caches
    Below below;     ///< there as well
};
HTAB *known_summaries = nullptr;
Oid definitions = InvalidOid; ///< table steward.summary_source

/// May come at any time, so that it only takes notes.
void hear(Datum, Oid relation) {
    HASH_SEQ_STATUS all;
    hash_seq_init(&all, known_summaries);
    while (auto *const known = static_cast<Known *>(hash_seq_search(&all))) {
        bool const is_general = relation == InvalidOid || relation == definitions;
        if (is_general)
            known->below.are_known = false;
        if (is_general || relation == known->stored)
            known->are_plans_stale = true;
        if (is_general || list_member_oid(known->relations, relation))
            known->are_partitions_known = false;
    }
}

Known &known_of(const Summary &summary) {
    if (known_summaries == nullptr) {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(Known);
        known_summaries = hash_create("steward summaries", 32, &control, HASH_ELEM | HASH_BLOBS);
        CacheRegisterRelcacheCallback(hear, Datum{0});
        CacheRegisterSyscacheCallback( // a schema that has got another name
            NAMESPACEOID, [](Datum, int, uint32) { hear(Datum{0}, InvalidOid); }, Datum{0});
    }
    definitions = steward_table("summary_source");
    bool is_known = false;
    auto &known = *static_cast<Known *>(hash_search(known_summaries, &summary.stored, HASH_ENTER, &is_known));
    if (!is_known)
        known = {summary.stored, false, false, {}, NIL, {false, NIL}};
    if (known.are_plans_stale && !OpenRefresh::is_of(summary.stored)) {
        for (SPIPlanPtr &plan : known.plans)
            if (plan != nullptr)
                SPI_freeplan(std::exchange(plan, nullptr));
        known.are_plans_stale = false;
    }
    return known;
}

SPIPlanPtr prepare(const Summary &summary, Step step) {
    constexpr char *(*texts[steps])(const Summary &) = {take_statement, delta_statement,   keyed_statement,
                                                        full_statement, backlog_statement, expiry_statement,
                                                        keys_statement};
    Oid types[INDEX_MAX_KEYS];
    int count = 0;
    if (step == Step::take || step == Step::backlog)
        types[count++] = INT8OID;
    if (step == Step::keys)
        types[count++] = JSONBOID;
    ListCell *cell = nullptr;
    foreach (cell, step == Step::keyed ? key_array_types(summary) : NIL)
        types[count++] = lfirst_oid(cell);
    SPIPlanPtr const plan = SPI_prepare(texts[static_cast<int>(step)](summary), count, types);
    if (plan == nullptr)
        elog(ERROR, "could not prepare a statement of a summary: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0)
        elog(ERROR, "could not keep a statement of a summary");
    return plan;
}

} // namespace

OpenRefresh *OpenRefresh::newest_ = nullptr;

OpenRefresh::OpenRefresh(const Summary &summary) : stored_(summary.stored), outer_(newest_) {
    if (is_of(stored_))
        guarded([&] {
            ereport(ERROR, errcode(ERRCODE_OBJECT_IN_USE),
                    errmsg("summary %s is being refreshed by this session", summary.name));
        });
    newest_ = this;
}

bool OpenRefresh::is_of(Oid stored) {
    for (const OpenRefresh *open = newest_; open != nullptr; open = open->outer_)
        if (open->stored_ == stored)
            return true;
    return false;
}

void run_step(const Summary &summary, Step step, std::span<const Datum> values) {
    SPIPlanPtr plan = known_of(summary).plans[static_cast<int>(step)];
    if (plan == nullptr) {
        plan = prepare(summary, step);
        known_of(summary).plans[static_cast<int>(step)] = plan;
    }
    bool const is_read_only = false; // so that each sees what the one before has done, and what is committed
    int const result = SPI_execute_plan(plan, const_cast<Datum *>(values.data()), nullptr, is_read_only, 0);
    if (result != SPI_OK_SELECT || SPI_processed > 1)
        elog(ERROR, "could not refresh a summary: %s", SPI_result_code_string(result));
}

bool are_partitions_known(const Summary &summary) {
    return known_of(summary).are_partitions_known;
}

void know_partitions(const Summary &summary, List *relations) {
    Known &known = known_of(summary);
    MemoryContext const caller = MemoryContextSwitchTo(CacheMemoryContext);
    list_free(known.relations);
    known.relations = list_copy(relations);
    MemoryContextSwitchTo(caller);
    known.are_partitions_known = true;
}

List *known_relations(const Summary &summary) {
    return list_copy(known_of(summary).relations);
}

Below below_of(const Summary &summary) {
    return known_of(summary).below;
}

void know_below(const Summary &summary, List *names) {
    Known &known = known_of(summary);
    MemoryContext const caller = MemoryContextSwitchTo(CacheMemoryContext);
    list_free_deep(known.below.names);
    known.below = {true, NIL};
    ListCell *cell = nullptr;
    foreach (cell, names)
        known.below.names = lappend(known.below.names, DatumGetTextPCopy(PointerGetDatum(lfirst(cell))));
    MemoryContextSwitchTo(caller);
}

} // namespace steward::summary
