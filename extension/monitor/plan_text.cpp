#include "extension/monitor/plan_text.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
}

namespace steward::monitor {
namespace {

constexpr char relation_mark = '\x01'; ///< around the number of a relation; no text of PostgreSQL needs it
constexpr int deepest = 60;

struct Writer {
    const PlannedStmt *statement;
    char *place;
    int size;
    int used = 0;

    template <class... Values> void add(const char *format, Values... values) noexcept {
        if (used >= size - 1)
            return;
        int const written = snprintf(place + used, static_cast<std::size_t>(size - used), format, values...);
        used = std::min(used + std::max(written, 0), size - 1);
    }
};

struct NodeName {
    NodeTag tag;
    const char *name;
};

constexpr std::array node_names{
    NodeName{T_Result, "Result"},
    NodeName{T_ProjectSet, "ProjectSet"},
    NodeName{T_ModifyTable, "ModifyTable"},
    NodeName{T_Append, "Append"},
    NodeName{T_MergeAppend, "Merge Append"},
    NodeName{T_RecursiveUnion, "Recursive Union"},
    NodeName{T_BitmapAnd, "BitmapAnd"},
    NodeName{T_BitmapOr, "BitmapOr"},
    NodeName{T_SeqScan, "Seq Scan"},
    NodeName{T_SampleScan, "Sample Scan"},
    NodeName{T_IndexScan, "Index Scan"},
    NodeName{T_IndexOnlyScan, "Index Only Scan"},
    NodeName{T_BitmapIndexScan, "Bitmap Index Scan"},
    NodeName{T_BitmapHeapScan, "Bitmap Heap Scan"},
    NodeName{T_TidScan, "Tid Scan"},
    NodeName{T_TidRangeScan, "Tid Range Scan"},
    NodeName{T_SubqueryScan, "Subquery Scan"},
    NodeName{T_FunctionScan, "Function Scan"},
    NodeName{T_ValuesScan, "Values Scan"},
    NodeName{T_TableFuncScan, "Table Function Scan"},
    NodeName{T_CteScan, "CTE Scan"},
    NodeName{T_NamedTuplestoreScan, "Named Tuplestore Scan"},
    NodeName{T_WorkTableScan, "WorkTable Scan"},
    NodeName{T_ForeignScan, "Foreign Scan"},
    NodeName{T_CustomScan, "Custom Scan"},
    NodeName{T_NestLoop, "Nested Loop"},
    NodeName{T_MergeJoin, "Merge Join"},
    NodeName{T_HashJoin, "Hash Join"},
    NodeName{T_Material, "Materialize"},
    NodeName{T_Memoize, "Memoize"},
    NodeName{T_Sort, "Sort"},
    NodeName{T_IncrementalSort, "Incremental Sort"},
    NodeName{T_Group, "Group"},
    NodeName{T_Agg, "Aggregate"},
    NodeName{T_WindowAgg, "WindowAgg"},
    NodeName{T_Unique, "Unique"},
    NodeName{T_Gather, "Gather"},
    NodeName{T_GatherMerge, "Gather Merge"},
    NodeName{T_Hash, "Hash"},
    NodeName{T_SetOp, "SetOp"},
    NodeName{T_LockRows, "LockRows"},
    NodeName{T_Limit, "Limit"},
};

const char *name_of(const Plan *plan) noexcept {
    for (const NodeName &each : node_names)
        if (each.tag == nodeTag(plan))
            return each.name;
    return "Other";
}

bool is_scan(const Plan *plan) noexcept {
    return nodeTag(plan) >= T_SeqScan && nodeTag(plan) <= T_CustomScan;
}

Oid index_of(const Plan *plan) noexcept {
    if (IsA(plan, IndexScan))
        return reinterpret_cast<const IndexScan *>(plan)->indexid;
    if (IsA(plan, IndexOnlyScan))
        return reinterpret_cast<const IndexOnlyScan *>(plan)->indexid;
    return IsA(plan, BitmapIndexScan) ? reinterpret_cast<const BitmapIndexScan *>(plan)->indexid : InvalidOid;
}

void add_relation(Writer &writer, const char *before, Oid relation) noexcept {
    writer.add("%s%c%u%c", before, relation_mark, relation, relation_mark);
}

void add_range(Writer &writer, Index number) noexcept {
    if (number == 0 || static_cast<int>(number) > list_length(writer.statement->rtable))
        return;
    const RangeTblEntry *const entry = rt_fetch(number, writer.statement->rtable);
    if (entry->rtekind == RTE_RELATION)
        add_relation(writer, " on ", entry->relid);
    else
        writer.add("%s", " on");
    if (entry->eref != nullptr && (entry->rtekind != RTE_RELATION || entry->alias != nullptr))
        writer.add(" %s", entry->eref->aliasname);
}

void add_plan(Writer &writer, const Plan *plan, int depth, const char *role) noexcept;

void add_plans(Writer &writer, List *plans, int depth) noexcept {
    ListCell *cell;
    foreach (cell, plans)
        add_plan(writer, static_cast<const Plan *>(lfirst(cell)), depth, "");
}

void add_children(Writer &writer, const Plan *plan, int depth) noexcept {
    add_plan(writer, plan->lefttree, depth, "");
    add_plan(writer, plan->righttree, depth, "");
    if (IsA(plan, Append))
        add_plans(writer, reinterpret_cast<const Append *>(plan)->appendplans, depth);
    else if (IsA(plan, MergeAppend))
        add_plans(writer, reinterpret_cast<const MergeAppend *>(plan)->mergeplans, depth);
    else if (IsA(plan, BitmapAnd))
        add_plans(writer, reinterpret_cast<const BitmapAnd *>(plan)->bitmapplans, depth);
    else if (IsA(plan, BitmapOr))
        add_plans(writer, reinterpret_cast<const BitmapOr *>(plan)->bitmapplans, depth);
    else if (IsA(plan, SubqueryScan))
        add_plan(writer, reinterpret_cast<const SubqueryScan *>(plan)->subplan, depth, "");
    else if (IsA(plan, CustomScan))
        add_plans(writer, reinterpret_cast<const CustomScan *>(plan)->custom_plans, depth);
}

void add_plan(Writer &writer, const Plan *plan, int depth, const char *role) noexcept {
    if (plan == nullptr || depth > deepest)
        return;
    if (writer.used > 0)
        writer.add("%c", '\n');
    if (depth > 0)
        writer.add("%*s->  ", 2 + (depth - 1) * 6, "");
    writer.add("%s%s", role, name_of(plan));
    if (Oid const index = index_of(plan); OidIsValid(index))
        add_relation(writer, IsA(plan, BitmapIndexScan) ? " on " : " using ", index);
    if (is_scan(plan) && !IsA(plan, BitmapIndexScan))
        add_range(writer, reinterpret_cast<const Scan *>(plan)->scanrelid);
    else if (IsA(plan, ModifyTable))
        add_range(writer, reinterpret_cast<const ModifyTable *>(plan)->nominalRelation);
    writer.add("  (cost=%.2f..%.2f rows=%.0f width=%d)", plan->startup_cost, plan->total_cost,
               plan->plan_rows, plan->plan_width);
    add_children(writer, plan, depth + 1);
}

} // namespace

void write_plan(const PlannedStmt *statement, char *place, int size) noexcept {
    Writer writer{statement, place, size};
    place[0] = '\0';
    add_plan(writer, statement->planTree, 0, "");
    ListCell *cell;
    foreach (cell, statement->subplans)
        add_plan(writer, static_cast<const Plan *>(lfirst(cell)), 1, "SubPlan: ");
    place[pg_mbcliplen(place, writer.used, size - 1)] = '\0';
}

text *plan_with_names(const char *plan) {
    StringInfoData names;
    initStringInfo(&names);
    for (const char *at = plan; *at != '\0';) {
        if (*at != relation_mark) {
            appendStringInfoChar(&names, *at++);
            continue;
        }
        char *end = nullptr;
        Oid const relation = static_cast<Oid>(strtoul(at + 1, &end, 10));
        const char *const name = get_rel_name(relation);
        if (name != nullptr)
            appendStringInfoString(&names, quote_identifier(name));
        else
            appendStringInfo(&names, "relation %u", relation);
        at = *end == relation_mark ? end + 1 : end;
    }
    return cstring_to_text_with_len(names.data, names.len);
}

} // namespace steward::monitor
