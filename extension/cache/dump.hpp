// What is in pure namespaces outlives a restart of the server: a file, written at its end and read at its
// start.
#pragma once

namespace steward::cache {

/// Installs the hook. Once, while the library is preloaded, after the memory was reserved.
void keep_over_restarts();

} // namespace steward::cache
