// The extension's settings, all of them.
#pragma once

namespace steward {

/// What the background worker is told; the units are part of the names.
struct WorkerSettings {
    bool enabled = true;
    bool superuser_jobs = true;
    int max_workers = 4;
    int tick_hz = 10;
    int naptime_s = 60;
    int timeout_ms = 600000;
    int linger_ms = 5000;
};
extern WorkerSettings worker_settings;

struct CacheSettings {
    int memory_kb = 0;
    int table_limit_mb = 10240;
    int archive_limit_mb = 10240;
};
extern CacheSettings cache_settings;

/// Defines every setting of settings.cpp and reserves the prefix, so that a misspelt one is refused.
void define_settings();

} // namespace steward
