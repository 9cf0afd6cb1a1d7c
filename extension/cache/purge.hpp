// What leaves the memory because something was dropped that all of a database hangs on.
#pragma once

#include "extension/boundary.hpp"

namespace steward::cache {

/// Watches the drops of databases, of the extension and of the table of namespaces: what was cached for them
/// leaves the memory when the transaction commits. To be called while the library is preloaded.
void install_purge_hook();

} // namespace steward::cache
