// The access method steward_ivf: what it can do, and how the planner is told what it costs.
#include "core/vector/kernels.hpp"

#include "extension/ivf/access.hpp"

#include <limits>

#include "extension/boundary.hpp"
#include "extension/ivf/opened.hpp"
#include "extension/ivf/options.hpp"

extern "C" {
#include "access/amvalidate.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "commands/vacuum.h"
#include "optimizer/optimizer.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"
}

namespace steward::ivf {

namespace {

constexpr const char *component = "vector";

struct Size {
    double lists;
    double probes;
    double dimensions;
};

Size size_of(Oid index) {
    Size size{1, 1, 1};
    Relation const relation = index_open(index, NoLock);
    boundary([&] {
        if (std::shared_ptr<const Opened> const opened = open(relation))
            size = {static_cast<double>(opened->meta.lists),
                    opened->probes(search_settings.probes, search_settings.target_recall),
                    static_cast<double>(opened->meta.dimensions)};
    });
    index_close(relation, NoLock);
    return size;
}

/// An operator class orders by operator 1, and says by function 1 which distance that is.
bool amvalidate(Oid opclass) {
    HeapTuple const tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator class %u", opclass);
    auto const *const form = reinterpret_cast<Form_pg_opclass>(GETSTRUCT(tuple));
    Oid const family = form->opcfamily;
    Oid const type = form->opcintype;
    ReleaseSysCache(tuple);
    bool const has_operator =
        SearchSysCacheExists4(AMOPSTRATEGY, ObjectIdGetDatum(family), ObjectIdGetDatum(type),
                              ObjectIdGetDatum(type), Int16GetDatum(1));
    bool const has_function =
        SearchSysCacheExists4(AMPROCNUM, ObjectIdGetDatum(family), ObjectIdGetDatum(type),
                              ObjectIdGetDatum(type), Int16GetDatum(1));
    if (!has_operator || !has_function)
        ereport(
            INFO, errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
            errmsg("operator class %u of access method steward_ivf lacks operator 1 or function 1", opclass));
    return has_operator && has_function;
}

} // namespace

/// Looking into lists comes first, and then each row is looked up. Without an ORDER BY it is of no use.
void amcostestimate(PlannerInfo *, IndexPath *path, double loops, Cost *startup, Cost *total,
                    Selectivity *selectivity, double *correlation, double *pages) {
    *selectivity = 1;
    *correlation = 0;
    *pages = path->indexinfo->pages;
    if (path->indexorderbys == NIL) {
        *startup = *total = std::numeric_limits<double>::infinity();
        return;
    }
    Size const size = size_of(path->indexinfo->indexoid);
    double const share = size.probes / size.lists;
    double const tuples = std::max(path->indexinfo->tuples, 1.0);
    // 16 vectors of 100 dimensions are compared in the time of an operator.
    double const of_codes = (size.lists + share * tuples) * cpu_operator_cost * size.dimensions / 1600;
    double const of_pages = share * path->indexinfo->pages * cpu_tuple_cost;
    double const looked_up = std::min(40.0, tuples);
    // A row that is looked up is found again by the executor; all of them take four times as long as a sort.
    double const of_row = 10 * cpu_tuple_cost + cpu_operator_cost * size.dimensions / 16;
    *startup = of_codes + of_pages + looked_up * of_row;
    *total = (*startup - of_codes - of_pages) * tuples / looked_up + (of_codes + of_pages) / share;
    *total = std::max(*total, *startup);
}

} // namespace steward::ivf

/// () -> the access method
STEWARD_FUNCTION_UNMEASURED(steward_ivf_handler) {
    using namespace steward::ivf;
    IndexAmRoutine *const routine = makeNode(IndexAmRoutine);
    routine->amstrategies = 1;
    routine->amsupport = 1;
    routine->amcanorderbyop = true;
    routine->amoptionalkey = true;
    routine->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    routine->amkeytype = InvalidOid;
    routine->ambuild = ambuild;
    routine->ambuildempty = ambuildempty;
    routine->ambuildphasename = ambuildphasename;
    routine->aminsert = aminsert;
    routine->ambulkdelete = ambulkdelete;
    routine->amvacuumcleanup = amvacuumcleanup;
    routine->amcostestimate = amcostestimate;
    routine->amoptions = read_options;
    routine->amvalidate = amvalidate;
    routine->ambeginscan = ambeginscan;
    routine->amrescan = amrescan;
    routine->amgettuple = amgettuple;
    routine->amendscan = amendscan;
    PG_RETURN_POINTER(routine);
}

namespace {

/// What an operator class says of itself.
Datum class_of(steward::core::Metric metric, steward::ivf::Kind kind) {
    PG_RETURN_INT32(static_cast<int>(metric) | static_cast<int>(kind) << 8);
}

} // namespace

/// (internal) -> which distance an operator class is of
STEWARD_FUNCTION_UNMEASURED(steward_ivf_cosine) {
    return class_of(steward::core::Metric::cosine, steward::ivf::Kind::array);
}
STEWARD_FUNCTION_UNMEASURED(steward_ivf_l2) {
    return class_of(steward::core::Metric::l2, steward::ivf::Kind::array);
}
STEWARD_FUNCTION_UNMEASURED(steward_ivf_inner_product) {
    return class_of(steward::core::Metric::inner_product, steward::ivf::Kind::array);
}
STEWARD_FUNCTION_UNMEASURED(steward_ivf_pgvector_cosine) {
    return class_of(steward::core::Metric::cosine, steward::ivf::Kind::pgvector);
}
STEWARD_FUNCTION_UNMEASURED(steward_ivf_pgvector_l2) {
    return class_of(steward::core::Metric::l2, steward::ivf::Kind::pgvector);
}
STEWARD_FUNCTION_UNMEASURED(steward_ivf_pgvector_inner_product) {
    return class_of(steward::core::Metric::inner_product, steward::ivf::Kind::pgvector);
}
