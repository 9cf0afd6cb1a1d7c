// Hears which tables a transaction changes, whoever does so and however.
#pragma once

namespace steward::cache {

/// Installs the hooks. Once, while the library is preloaded.
void watch_tables();

} // namespace steward::cache
