// What the launcher reads in the shared catalogs: the databases it may serve, the role that serves them, and
// whether the roles that have jobs may work.
#pragma once

#include "worker/schedule.hpp"

namespace steward {

struct Catalog {
    Candidates databases;    ///< in the memory context of the caller
    RoleCandidates roles;    ///< there, too
    Oid role;                ///< who does the duties; invalid if it will not do
    const char *why_no_role; ///< then: why
};

/// Reads them in a transaction of its own; `roles` are those to look at, sorted.
Catalog read_catalog(std::span<RoleCandidate> roles);

} // namespace steward
