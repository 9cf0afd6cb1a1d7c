#include "worker/worker.hpp"

#include "extension/settings.hpp"
#include "worker/launcher.hpp"
#include "worker/utility.hpp"
#include "worker/wake.hpp"

namespace steward {

void start_worker() {
    if (!worker_settings.enabled)
        return;
    register_launcher();
    install_wake_hooks();
    install_utility_hook();
}

} // namespace steward
