#include "sidecar/load/report.hpp"

#include <nlohmann/json.hpp>

namespace steward::sidecar::load {
namespace {

using json = nlohmann::ordered_json;

json times(Tally const &tally) {
    Durations const &durations = tally.durations;
    return {{"n", durations.count()},          {"average", durations.mean()},
            {"p50", durations.quantile(0.5)},  {"p95", durations.quantile(0.95)},
            {"p99", durations.quantile(0.99)}, {"max", durations.most()}};
}

json tally_json(Tally const &tally) {
    json errors = json::object();
    for (auto const &[kind, count] : tally.errors)
        errors[kind] = count;
    return {{"requests", tally.requests},
            {"errors", tally.error_count()},
            {"error_kinds", errors},
            {"response_times", times(tally)}};
}

json users_json(Report const &report) {
    Observed const &seen = report.outcome.observed;
    json thoughts{{"n", seen.thoughts}};
    if (seen.thoughts > 0) {
        thoughts["least"] = seen.least_thought;
        thoughts["average"] = seen.thought / static_cast<double>(seen.thoughts);
        thoughts["most"] = seen.most_thought;
    }
    return {{"users",
             {{"planned", report.plan.users},
              {"started", seen.users_started},
              {"reached", seen.users_reached},
              {"requests_under_way", report.outcome.most_under_way}}},
            {"ramp_up", {{"planned", report.plan.ramp_up}, {"observed", seen.ramp_up}}},
            {"think_time",
             {{"planned", {report.plan.think.least, report.plan.think.most}}, {"observed", thoughts}}}};
}

json usage_json(Report const &report) {
    json server = json::object();
    for (auto const &[name, value] : report.after)
        if (auto const before = report.before.find(name); before != report.before.end())
            server[name] = {{"before", before->second}, {"after", value}};
    double const seconds = report.outcome.seconds;
    return {{"client",
             {{"cpu_seconds", report.own.cpu_seconds},
              {"cpu_share", seconds > 0 ? report.own.cpu_seconds / seconds : 0},
              {"memory_bytes", report.own.memory_bytes}}},
            {"server", server}};
}

} // namespace

double throughput(Report const &report) {
    double const seconds = report.outcome.seconds;
    return seconds > 0 ? static_cast<double>(report.outcome.all.successes()) / seconds : 0;
}

std::vector<Held> hold(Report const &report, Limits const &limits) {
    std::vector<Held> held;
    auto const errors = static_cast<double>(report.outcome.all.error_count());
    double const p95 = report.outcome.all.durations.quantile(0.95);
    // Where nothing was answered, nothing was fast.
    if (limits.p95)
        held.push_back(
            {"p95", *limits.p95, p95, p95 <= *limits.p95 && report.outcome.all.durations.count() > 0});
    if (limits.errors)
        held.push_back({"errors", *limits.errors, errors, errors <= *limits.errors});
    if (limits.throughput)
        held.push_back(
            {"throughput", *limits.throughput, throughput(report), throughput(report) >= *limits.throughput});
    return held;
}

std::string as_json(Report const &report, std::vector<Held> const &held) {
    Plan const &plan = report.plan;
    json document{{"url", report.url},
                  {"preset", plan.preset.empty() ? json() : json(plan.preset)},
                  {"mode", plan.is_open() ? "open" : "closed"},
                  {"seed", plan.seed},
                  {"duration", plan.duration},
                  {"seconds", report.outcome.seconds},
                  {"interrupted", report.outcome.is_interrupted},
                  {"cut_off", report.outcome.cut_off}};
    if (plan.is_open()) {
        document["rate"] = plan.rate;
        document["most_late"] = report.outcome.most_late;
    }
    document.update(tally_json(report.outcome.all));
    document["error_count"] = report.outcome.all.error_count();
    document["throughput"] = throughput(report);
    document["avg_response_time"] = report.outcome.all.durations.mean();
    document["95th_percentile"] = report.outcome.all.durations.quantile(0.95);
    document.update(users_json(report));
    document["resource_usage"] = usage_json(report);
    document["routes"] = json::array();
    for (std::size_t i = 0; i < report.routes.size(); ++i) {
        json row{{"route", report.routes[i].name()}, {"weight", report.routes[i].weight}};
        row.update(tally_json(report.outcome.routes[i]));
        document["routes"].push_back(std::move(row));
    }
    document["left_out"] = json::array();
    for (auto const &[route, reason] : report.left_out)
        document["left_out"].push_back({{"route", route}, {"reason", reason}});
    document["limits"] = json::array();
    for (Held const &limit : held)
        document["limits"].push_back(
            {{"name", limit.name}, {"limit", limit.limit}, {"value", limit.value}, {"met", limit.is_met}});
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace steward::sidecar::load
