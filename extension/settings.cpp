// Every setting, in alphabetical order (tools/conventions/settings checks that, and the table in
// docs/settings.md).
#include "extension/settings.hpp"

#include <algorithm>
#include <unistd.h>

#include "extension/ivf/options.hpp"
#include "extension/monitor/slow.hpp"
#include "extension/statistics.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace steward {

constinit WorkerSettings worker_settings;
constinit CacheSettings cache_settings;

namespace {

/// Follows the variable as guc.c wants it; the value is fixed when the library is built.
char *library_version = nullptr;

struct Number {
    const char *name;
    const char *summary;
    const char *detail;
    int *value;
    int least;
    int most;
    int flags;
};

/// A number that a reload of the configuration changes.
void define_number(const Number &number) {
    DefineCustomIntVariable(number.name, number.summary, number.detail, number.value, *number.value,
                            number.least, number.most, PGC_SIGHUP, number.flags, nullptr, nullptr, nullptr);
}

double sample_rate = 0.1;

/// 1 GB where the machine has eight times as much, or else an eighth of what it has: the operating system
/// gives the memory as it is used.
int usual_cache_memory_kb() noexcept {
    constexpr long most = 1024 * 1024;
    long const kilobytes = sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024);
    return static_cast<int>(kilobytes > 0 ? std::min(kilobytes / 8, most) : most / 8);
}

} // namespace

void define_settings() {
    define_number({"steward.cache_archive_limit",
                   "Sets how much room the archive of the caches of a database takes.",
                   "Beyond it the oldest days are dropped. 0 means without limit.",
                   &cache_settings.archive_limit_mb, 0, INT_MAX, GUC_UNIT_MB});
    // What is fixed at the start of the server can be made at no other time.
    cache_settings.memory_kb = usual_cache_memory_kb();
    if (process_shared_preload_libraries_in_progress)
        DefineCustomIntVariable("steward.cache_memory",
                                "Sets the memory for cached values, of all databases.",
                                "It is shared memory. 0 means that nothing is cached in memory.",
                                &cache_settings.memory_kb, cache_settings.memory_kb, 0, 32 * 1024 * 1024,
                                PGC_POSTMASTER, GUC_UNIT_KB, nullptr, nullptr, nullptr);
    define_number({"steward.cache_table_limit",
                   "Sets how much room cached values of a database take in the table below the memory.",
                   "Beyond it the oldest ones are removed. 0 means without limit.",
                   &cache_settings.table_limit_mb, 0, INT_MAX, GUC_UNIT_MB});
    static const config_enum_entry iterative[] = {
        {"off", static_cast<int>(ivf::Iterative::off), false},
        {"relaxed", static_cast<int>(ivf::Iterative::relaxed), false},
        {"strict", static_cast<int>(ivf::Iterative::strict), false},
        {nullptr, 0, false}};
    DefineCustomEnumVariable(
        "steward.iterative_scan", "Sets how a scan of vectors goes on beyond its nearest lists.",
        "As long as rows are asked for: nearly in the order of their distances, or strictly, which "
        "leaves rows out.",
        &ivf::search_settings.iterative, static_cast<int>(ivf::Iterative::relaxed), iterative, PGC_USERSET, 0,
        nullptr, nullptr, nullptr);
    DefineCustomStringVariable("steward.library_version", "Shows the version of the loaded library.",
                               "It differs from the extension's version between the installation of a new "
                               "package and ALTER EXTENSION pg_steward UPDATE.",
                               &library_version, STEWARD_VERSION, PGC_INTERNAL, GUC_NOT_IN_SAMPLE, nullptr,
                               nullptr, nullptr);
    define_number({"steward.max_workers", "Sets how many background workers run at once, over all databases.",
                   "Each takes one of max_worker_processes.", &worker_settings.max_workers, 1, 64, 0});
    DefineCustomIntVariable("steward.probes", "Sets how many lists of vectors a scan looks into at first.",
                            "0 means as many as steward.target_recall needs.", &ivf::search_settings.probes,
                            0, 0, 65536, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("steward.rerank",
                            "Sets how many rows a scan of vectors looks up at once, for true distances.",
                            "0 means as many as the bits of the index need.", &ivf::search_settings.rerank, 0,
                            0, 100000, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "steward.sample_rate", "Sets the share of calls whose duration is measured.",
        "Calls and errors are counted all the same.", &sample_rate, 0.1, 0.0, 1.0, PGC_SUSET, 0, nullptr,
        [](double rate, void *) noexcept { set_sample_rate(rate); }, nullptr);
    DefineCustomIntVariable("steward.slow_ms", "Sets from how long on a statement is kept with its plan.",
                            "Of those that call functions of pg_steward or run as its jobs, where the "
                            "library is preloaded. -1 means never.",
                            &monitor::slow_ms, monitor::slow_ms, -1, INT_MAX, PGC_SUSET, GUC_UNIT_MS, nullptr,
                            nullptr, nullptr);
    DefineCustomBoolVariable("steward.superuser_jobs", "Lets background workers do the jobs of superusers.",
                             "Jobs run as the role that owns them.", &worker_settings.superuser_jobs, true,
                             PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "steward.target_recall", "Sets which share of the nearest vectors a scan is to find.",
        "How many lists that takes was measured when the index was made.",
        &ivf::search_settings.target_recall, 0.95, 0.0, 1.0, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    define_number({"steward.tick_hz", "Sets how many times a second the launcher looks for work.",
                   "A tick with nothing to do reads a few words of shared memory.", &worker_settings.tick_hz,
                   1, 100, 0});
    if (process_shared_preload_libraries_in_progress)
        DefineCustomBoolVariable("steward.worker", "Starts the background worker with the server.", nullptr,
                                 &worker_settings.enabled, true, PGC_POSTMASTER, 0, nullptr, nullptr,
                                 nullptr);
    define_number({"steward.worker_linger", "Sets how long a background worker waits for more work.",
                   "0 means that it ends with its run.", &worker_settings.linger_ms, 0, 3600000,
                   GUC_UNIT_MS});
    define_number({"steward.worker_naptime", "Sets how often each database is looked at without being woken.",
                   nullptr, &worker_settings.naptime_s, 1, 86400, GUC_UNIT_S});
    define_number({"steward.worker_timeout", "Sets how long one run of a background worker may take.",
                   "It limits the duties, not jobs. 0 means without limit.", &worker_settings.timeout_ms, 0,
                   INT_MAX, GUC_UNIT_MS});
    MarkGUCPrefixReserved("steward");
}

} // namespace steward
