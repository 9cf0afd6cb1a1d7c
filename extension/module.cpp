// What happens when PostgreSQL loads the library.
#include "extension/boundary.hpp"
#include "extension/jobs/state.hpp"
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
    static steward::SharedBlock *const blocks[] = {
        &steward::statistics_block(),
        &steward::worker_block(),
        &steward::jobs::block(),
    };
    steward::reserve_shared_memory(blocks);
    steward::start_worker();
}

} // namespace

void _PG_init(void) {
    steward::boundary([] {
        steward::define_settings();
        if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
            start_with_server();
    });
}
