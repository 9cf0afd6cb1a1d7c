#include "extension/migration.hpp"

#include "extension/text.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
}

namespace steward {

namespace {

constexpr const char *component = "migration";

/// A change of migrations/sqitch.plan, and a table or view that it makes.
struct Migration {
    std::string_view name;
    const char *table;
};

constexpr Migration migrations[] = {
    {"principles", "constitutional_principles"},
    {"history", "qec_synthesis_attempt_logs"},
    {"summary", "qec_performance_summary"},
    {"scoring", "score_profile"},
    {"jobs", "job_kind"},
    {"cache", "cache_namespace"},
    {"cache_tiers", "cache_table"},
    {"summaries", "summary"},
    {"hot_indexes", "hot_index"},
    {"fidelity", "fidelity_component"},
    {"strategies", "failure_type"},
    {"models", "model_champion"},
    {"monitor", "metric_history"},
    {"alerts", "alert_rule"},
    {"embeddings", "embedding_model"},
    {"prompt_cache", "prompt_cache"},
    {"rate_limits", "rate_limit"},
};

const Migration &migration_argument(FunctionCallInfo fcinfo) {
    std::string_view const name = text_argument(fcinfo, 0);
    auto const *const found =
        std::find_if(std::begin(migrations), std::end(migrations),
                     [name](const Migration &migration) { return migration.name == name; });
    if (found == std::end(migrations))
        ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
                errmsg("migration \"%.*s\" does not exist",
                       static_cast<int>(std::min<std::size_t>(name.size(), 63)), name.data()));
    return *found;
}

} // namespace

Oid steward_table(const char *name) {
    Oid const schema = get_namespace_oid("steward", true);
    return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

void raise_missing_migration(const char *migration) {
    ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
            errmsg("migration \"%s\" of pg_steward is not deployed in this database", migration),
            errhint("Run sqitch deploy in the folder migrations, or steward setup."));
}

STEWARD_FUNCTION(steward_migration_is_deployed) {
    PG_RETURN_BOOL(OidIsValid(steward_table(migration_argument(fcinfo).table)));
}

STEWARD_FUNCTION(steward_migration_require) {
    const Migration &migration = migration_argument(fcinfo);
    if (!OidIsValid(steward_table(migration.table)))
        raise_missing_migration(migration.name.data());
    PG_RETURN_VOID();
}

} // namespace steward
