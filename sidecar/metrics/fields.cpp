#include "sidecar/metrics/fields.hpp"

#include <map>

#include "sidecar/metrics/histogram.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr db::Statement presence{
    "field_presence",
    "SELECT count(*) FROM pg_catalog.pg_proc AS p WHERE pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
    " AND p.oid IN (pg_catalog.to_regprocedure('steward.field_stats()'),"
    " pg_catalog.to_regprocedure('steward.field_histogram()'))"};
constexpr db::Statement histogram{
    "field_histogram", "SELECT solver, upper_seconds, solves, total_seconds FROM steward.field_histogram()"};
// What oscillators do is counted one by one: steps of each of them.
constexpr db::Statement rates{
    "field_stats",
    "SELECT s.solver, coalesce(s.size::text, 'other'), s.newest_steps_per_second * CASE s.solver WHEN 'cgl' "
    "THEN 1 ELSE coalesce(s.size, 1) END"
    " FROM steward.field_stats() AS s WHERE s.newest_steps_per_second IS NOT NULL"};

/// Dashboards of NFCS know it by `alias`.
struct Named {
    char const *solver;
    char const *name;
    char const *alias;
    char const *label;
    char const *help;
};

constexpr Named durations[] = {
    {"cgl", "steward_cgl_computation_seconds", "nfcs_cgl_computation_time_seconds", "",
     "Time that a solution of the complex Ginzburg-Landau equation takes."},
    {"kuramoto", "steward_kuramoto_computation_seconds", "nfcs_kuramoto_sync_time_seconds", "",
     "Time that a solution of Kuramoto's oscillators takes."},
};

constexpr Named speeds[] = {
    {"cgl", "steward_cgl_steps_per_second", "nfcs_cgl_performance_fps", "grid_size",
     "Steps a second in the newest solution of that size."},
    {"kuramoto", "steward_kuramoto_oscillator_steps_per_second", "nfcs_kuramoto_oscillator_performance",
     "oscillator_count", "Steps of single oscillators a second in the newest solution of so many."},
};

} // namespace

void read_fields(db::Session &session, std::string &text, bool with_aliases) {
    if (number_at(session.run(presence), 0, 0) != 2)
        return;
    std::map<std::string, Histogram, std::less<>> by_solver;
    db::Result const buckets = session.run(histogram);
    for (int row = 0; row < buckets.rows(); ++row) {
        Histogram &of = by_solver[std::string(buckets.text(row, 0))];
        of.buckets[number_at(buckets, row, 1)] = number_at(buckets, row, 2);
        of.sum = number_at(buckets, row, 3);
    }
    db::Result const newest = session.run(rates);
    auto const each_name = [&](Named const &named, char const *type, auto add) {
        for (char const *name : {named.name, named.alias}) {
            if (!with_aliases && name == named.alias)
                continue;
            add_head(text, name, type, named.help);
            add(name);
        }
    };
    for (Named const &named : durations)
        each_name(named, "histogram",
                  [&](char const *name) { add_histogram(text, name, {}, by_solver[named.solver]); });
    for (Named const &named : speeds)
        each_name(named, "gauge", [&](char const *name) {
            for (int row = 0; row < newest.rows(); ++row)
                if (newest.text(row, 0) == named.solver)
                    add_sample(text, name, {{named.label, newest.text(row, 1)}}, number_at(newest, row, 2));
        });
}

} // namespace steward::sidecar::metrics
