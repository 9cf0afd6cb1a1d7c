// Every setting, in alphabetical order (tools/conventions/settings checks that, and the table in
// docs/settings.md).
#include "extension/settings.hpp"

#include "extension/pg.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace steward {

namespace {

/// Follows the variable as guc.c wants it; the value is fixed when the library is built.
char *library_version = nullptr;

} // namespace

void define_settings() {
    DefineCustomStringVariable("steward.library_version", "Shows the version of the loaded library.",
                               "It differs from the extension's version between the installation of a new "
                               "package and ALTER EXTENSION pg_steward UPDATE.",
                               &library_version, STEWARD_VERSION, PGC_INTERNAL, GUC_NOT_IN_SAMPLE, nullptr,
                               nullptr, nullptr);
    MarkGUCPrefixReserved("steward");
}

} // namespace steward
