// What is committed by now, whatever snapshots the transaction has.
#pragma once

#include "extension/pg.hpp"

extern "C" {
#include "storage/procarray.h"
#include "utils/snapmgr.h"
}

namespace steward::cache {

/// Good until the next call. In a parallel query no other may be asked for.
inline Snapshot snapshot_of_now() {
    static SnapshotData snapshot;
    snapshot.snapshot_type = SNAPSHOT_MVCC;
    return GetSnapshotData(&snapshot);
}

} // namespace steward::cache
