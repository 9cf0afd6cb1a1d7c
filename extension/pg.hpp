// PostgreSQL's headers, made fit for C++. Glue files include this after the headers of the core.
#pragma once

// The standard library first: port.h turns names such as snprintf into macros.
#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory_resource>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

extern "C" {
#include "pg_config.h"
}

// Before 16 PGDLLEXPORT is empty, and with -fvisibility=hidden nothing would be exported.
#if PG_VERSION_NUM < 160000
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

extern "C" {
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
}

#undef Abs
#undef Max
#undef Min
#undef _
#undef gettext
#undef ngettext
