// Commands that concern the worker.
#pragma once

namespace steward {

/// Watches the commands of this process: some wake the launcher, some need a database empty of workers.
void install_utility_hook();

} // namespace steward
