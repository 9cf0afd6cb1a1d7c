// The report for people at a terminal.
#include <array>
#include <cstdio>

#include "sidecar/command/table.hpp"
#include "sidecar/load/report.hpp"

namespace steward::sidecar::load {
namespace {

using command::Cells;

std::string formatted(char const *format, double number) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, number);
    return text.data();
}

std::string plain(double number) {
    return formatted("%.6g", number);
}

std::string milliseconds(double seconds) {
    return formatted("%.2f", seconds * 1000);
}

Cells line_of(std::string name, Tally const &tally) {
    Durations const &durations = tally.durations;
    return {std::move(name),
            std::to_string(tally.requests),
            std::to_string(tally.error_count()),
            milliseconds(durations.mean()),
            milliseconds(durations.quantile(0.5)),
            milliseconds(durations.quantile(0.95)),
            milliseconds(durations.quantile(0.99)),
            milliseconds(durations.most())};
}

std::string mode_of(Plan const &plan) {
    std::string const seconds = plain(plan.duration) + " s, seed " + std::to_string(plan.seed);
    if (plan.is_open())
        return plain(plan.rate) + " requests/s whatever comes back, for " + seconds +
               "; times count from when a request was due\n";
    return std::to_string(plan.users) + " users who think " + plain(plan.think.least) + " to " +
           plain(plan.think.most) + " s, for " + seconds + "; times count from when a request began\n";
}

std::string users_of(Report const &report) {
    Observed const &seen = report.outcome.observed;
    std::string text = "users       " + std::to_string(seen.users_reached) + " at once of " +
                       std::to_string(report.plan.users) + ", " +
                       std::to_string(report.outcome.most_under_way) + " requests under way at most\n" +
                       "ramp-up     " + plain(report.plan.ramp_up) + " s planned, the last user came after " +
                       formatted("%.2f s\n", seen.ramp_up);
    if (seen.thoughts > 0)
        text += "think time  " + formatted("%.3f to ", seen.least_thought) +
                formatted("%.3f s, on average ", seen.most_thought) +
                formatted("%.3f s\n", seen.thought / static_cast<double>(seen.thoughts));
    if (report.plan.is_open())
        text += "late        a request began " +
                formatted("%.3f s after it was due at most\n", report.outcome.most_late);
    return text;
}

std::string resources_of(Report const &report) {
    std::string text = "\nclient: " + formatted("%.2f s of processor time", report.own.cpu_seconds) +
                       formatted(", %.1f MB of memory at most\n", report.own.memory_bytes / 1048576);
    if (report.after.empty())
        return text + "server: it shows no metrics that say what it takes\n";
    std::vector<Cells> lines{{"server", "before", "after"}};
    for (auto const &[name, value] : report.after)
        if (auto const before = report.before.find(name); before != report.before.end())
            lines.push_back({name, plain(before->second), plain(value)});
    return text + command::table(lines);
}

} // namespace

std::string as_text(Report const &report, std::vector<Held> const &held) {
    Outcome const &outcome = report.outcome;
    std::string text = report.url + ": " + mode_of(report.plan);
    if (outcome.is_interrupted)
        text += "interrupted, with " + std::to_string(outcome.cut_off) +
                " requests under way that are not counted\n";
    text += "\nrequests    " + std::to_string(outcome.all.requests) + "\nerrors      " +
            std::to_string(outcome.all.error_count());
    for (auto const &[kind, count] : outcome.all.errors)
        text += "; " + kind + ": " + std::to_string(count);
    text += "\nthroughput  " + formatted("%.2f/s over ", throughput(report)) +
            formatted("%.2f s that it took\n", outcome.seconds) + users_of(report) + "\n";
    std::vector<Cells> lines{{"times in ms", "requests", "errors", "average", "p50", "p95", "p99", "max"}};
    for (std::size_t i = 0; i < report.routes.size(); ++i)
        lines.push_back(line_of(report.routes[i].name(), outcome.routes[i]));
    lines.push_back(line_of("all", outcome.all));
    text += command::table(lines);
    for (auto const &[route, reason] : report.left_out)
        text.append("left out: ").append(route).append(": ").append(reason).append("\n");
    text += resources_of(report);
    for (Held const &limit : held)
        text += std::string(limit.is_met ? "met: " : "MISSED: ") + limit.name + " " + plain(limit.value) +
                ", limit " + plain(limit.limit) + "\n";
    return text;
}

} // namespace steward::sidecar::load
