// The arguments that functions of the cache share. Plain C.
#pragma once

#include "extension/cache/access.hpp"
#include "extension/text.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace steward::cache {

/// Raises 22004 if the argument is null.
inline void require_argument(FunctionCallInfo fcinfo, int n, const char *name) {
    if (PG_ARGISNULL(n))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be null", name));
}

/// The namespace that the first argument names.
inline Namespace &namespace_argument(FunctionCallInfo fcinfo, Right right) {
    require_argument(fcinfo, 0, "namespace");
    return find_namespace(text_argument(fcinfo, 0), right);
}

/// When a value ends that is stored now; a null argument stands for the time of the namespace.
inline core::Time end_argument(FunctionCallInfo fcinfo, const Namespace &space, int n) {
    return end_of(space, PG_ARGISNULL(n) ? nullptr : PG_GETARG_INTERVAL_P(n));
}

} // namespace steward::cache
