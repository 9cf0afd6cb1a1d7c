// What happens when PostgreSQL loads the library.
#include "extension/boundary.hpp"
#include "extension/cache/dump.hpp"
#include "extension/cache/memory.hpp"
#include "extension/cache/purge.hpp"
#include "extension/cache/watch.hpp"
#include "extension/embed/vectors.hpp"
#include "extension/ivf/options.hpp"
#include "extension/jobs/state.hpp"
#include "extension/monitor/slow.hpp"
#include "extension/prompt/counts.hpp"
#include "extension/settings.hpp"
#include "extension/shared.hpp"
#include "extension/statistics.hpp"
#include "worker/worker.hpp"

extern "C" {
PG_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

namespace {

/// What only a library that the server preloads can have: memory of its own, the worker, its hooks.
void start_with_server() {
    steward::SharedBlock *const blocks[] = {
        &steward::statistics_block(),
        &steward::worker_block(),
        &steward::jobs::block(),
        &steward::monitor::slow_block(),
        &steward::embed::block(),
        &steward::prompt::block(),
        steward::cache_settings.memory_kb > 0 ? &steward::cache::block() : nullptr,
    };
    steward::reserve_shared_memory(blocks);
    if (steward::cache_settings.memory_kb > 0) {
        steward::cache::keep_over_restarts();
        steward::cache::install_purge_hook();
        steward::cache::watch_tables();
    }
    steward::monitor::watch_statements();
    steward::start_worker();
}

} // namespace

void _PG_init(void) {
    steward::boundary([] {
        steward::define_settings();
        steward::ivf::define_options();
        if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
            start_with_server();
    });
}
