#include "sidecar/metrics/operations.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "sidecar/metrics/histogram.hpp"
#include "sidecar/metrics/text_format.hpp"

namespace steward::sidecar::metrics {
namespace {

constexpr db::Statement counts{"operation_counts",
                               "SELECT component, operation, status, calls FROM steward.operation_counts()"};
constexpr db::Statement histogram{
    "operation_histogram",
    "SELECT component, operation, upper_seconds, observations FROM steward.operation_histogram()"};
constexpr db::Statement totals{
    "operation_totals",
    "SELECT component, operation, total_seconds, samples FROM steward.operation_totals()"};

using Operation = std::pair<std::string, std::string>; // component, operation

Operation operation_at(db::Result const &result, int row) {
    return {std::string(result.text(row, 0)), std::string(result.text(row, 1))};
}

/// Ours, and the one under which the documents know it.
std::vector<char const *> names(char const *ours, char const *alias, bool with_aliases) {
    return with_aliases ? std::vector{ours, alias} : std::vector{ours};
}

bool is_distance(Operation const &operation) {
    static std::set<std::string> const names{"profile_score", "constitutional_score", "constitutional_detail",
                                             "constitutional_distance"};
    return operation.first == "score" && names.count(operation.second) != 0;
}

/// Dashboards of NFCS know it by the second name.
void add_duties(std::string &text, std::map<std::string, Histogram> const &duties, bool with_aliases) {
    for (auto const &[name, label] : {std::pair{"steward_duty_duration_seconds", "duty"},
                                      std::pair{"nfcs_module_response_time_seconds", "module_name"}}) {
        if (!with_aliases && name[0] != 's')
            continue;
        add_head(text, name, "histogram", "Time that a round of a duty of the workers takes.");
        for (auto const &[duty, values] : duties)
            add_histogram(text, name, {{label, duty}}, values);
    }
}

} // namespace

void read_operation_counts(db::Session &session, std::string &text, bool with_aliases) {
    db::Result const result = session.run(counts);
    std::map<std::pair<Operation, std::string>, double> calls;
    for (int row = 0; row < result.rows(); ++row)
        calls[{operation_at(result, row), std::string(result.text(row, 2))}] += number_at(result, row, 3);
    for (char const *name : names("steward_operations_total", "qec_operations_total", with_aliases)) {
        add_head(text, name, "counter", "Calls of functions of the extension.");
        for (auto const &[key, value] : calls)
            add_sample(
                text, name,
                {{"component", key.first.first}, {"operation", key.first.second}, {"status", key.second}},
                value);
    }
}

void read_operation_durations(db::Session &session, std::string &text, bool with_aliases) {
    std::map<Operation, Histogram> operations;
    db::Result const buckets = session.run(histogram);
    for (int row = 0; row < buckets.rows(); ++row)
        operations[operation_at(buckets, row)].buckets[number_at(buckets, row, 2)] +=
            number_at(buckets, row, 3);
    db::Result const sums = session.run(totals);
    for (int row = 0; row < sums.rows(); ++row)
        if (auto const found = operations.find(operation_at(sums, row)); found != operations.end())
            found->second.sum += number_at(sums, row, 2);

    for (char const *name :
         names("steward_operation_duration_seconds", "qec_operation_duration_seconds", with_aliases)) {
        add_head(text, name, "histogram", "Time in functions of the extension, where it is measured.");
        for (auto const &[operation, values] : operations)
            add_histogram(text, name, {{"component", operation.first}, {"operation", operation.second}},
                          values);
    }
    Histogram distance;
    std::map<std::string, Histogram> duties;
    for (auto const &[operation, values] : operations) {
        if (is_distance(operation))
            distance.add(values);
        if (operation.first == "duty")
            duties[operation.second] = values;
    }
    // Dashboards of ACGS know it by the second name.
    for (char const *name :
         names("steward_distance_calculation_seconds", "qec_distance_calculation_seconds", with_aliases)) {
        add_head(text, name, "histogram", "Time spent on scores and distances of principles.");
        add_histogram(text, name, {}, distance);
    }
    add_duties(text, duties, with_aliases);
}

} // namespace steward::sidecar::metrics
