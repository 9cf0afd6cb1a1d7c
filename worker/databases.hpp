// What the launcher reads in the shared catalogs: the databases it may serve and the role that serves them.
#pragma once

#include "worker/schedule.hpp"

namespace steward {

struct Catalog {
    Candidates databases;    ///< in the memory context of the caller
    Oid role;                ///< the role of the workers; invalid if it will not do
    const char *why_no_role; ///< then: why
};

/// Reads them in a transaction of its own.
Catalog read_catalog();

} // namespace steward
