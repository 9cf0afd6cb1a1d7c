// The functions of the access method, as the server calls them.
#pragma once

#include "extension/boundary.hpp"

extern "C" {
#include "access/amapi.h"
#include "nodes/execnodes.h"
#include "nodes/pathnodes.h"
}

namespace steward::ivf {

IndexBuildResult *ambuild(Relation heap, Relation index, IndexInfo *info);
void ambuildempty(Relation index);
char *ambuildphasename(int64 phase);
bool aminsert(Relation index, Datum *values, bool *nulls, ItemPointer tid, Relation heap,
              IndexUniqueCheck unique, bool is_unchanged, IndexInfo *info);
IndexBulkDeleteResult *ambulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                    IndexBulkDeleteCallback is_dead, void *state);
IndexBulkDeleteResult *amvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);
void amcostestimate(PlannerInfo *root, IndexPath *path, double loops, Cost *startup, Cost *total,
                    Selectivity *selectivity, double *correlation, double *pages);
IndexScanDesc ambeginscan(Relation index, int keys, int order_bys);
void amrescan(IndexScanDesc scan, ScanKey keys, int key_count, ScanKey order_bys, int order_by_count);
bool amgettuple(IndexScanDesc scan, ScanDirection direction);
void amendscan(IndexScanDesc scan);

} // namespace steward::ivf
