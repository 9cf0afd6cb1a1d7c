#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sidecar/command/commands.hpp"
#include "sidecar/command/table.hpp"
#include "sidecar/db/session.hpp"

namespace steward::sidecar::command {
namespace {

using nlohmann::json;

constexpr db::Statement question{"top", "SELECT steward.dashboard($1::interval)::text"};
constexpr char const *clear_screen = "\x1b[H\x1b[2J";

std::string formatted(char const *format, double number) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, number);
    return text.data();
}

/// A member that is a number, in the words of `format`; a dash if it is not known.
template <typename Format> std::string number(json const &object, char const *name, Format format) {
    auto const found = object.find(name);
    return found == object.end() || !found->is_number() ? "-" : format(found->template get<double>());
}

std::string plain(double value) {
    return formatted(std::abs(value) >= 1000 ? "%.0f" : "%.3g", value);
}

std::string seconds(double value) {
    if (value < 1e-3)
        return formatted("%.3g us", value * 1e6);
    if (value < 1)
        return formatted("%.3g ms", value * 1e3);
    return value < 120 ? formatted("%.3g s", value) : formatted("%.1f min", value / 60);
}

std::string share(double value) {
    return formatted("%.3g %%", value * 100);
}

std::string mebibytes(double value) {
    return formatted("%.3g MB", value / 1048576);
}

std::string in_unit(json const &objective, char const *name) {
    std::string const unit = objective.value("unit", "");
    if (unit == "seconds")
        return number(objective, name, seconds);
    if (unit == "share")
        return number(objective, name, share);
    return unit == "bytes" ? number(objective, name, mebibytes) : number(objective, name, plain) + " " + unit;
}

std::string text(json const &object, char const *name) {
    auto const found = object.find(name);
    return found == object.end() || !found->is_string() ? "-" : found->get<std::string>();
}

/// A part with a heading; what there is to say where it is empty.
template <typename Line>
std::string part(char const *title, json const &data, char const *name, Cells titles, Line line,
                 char const *nothing) {
    std::string shown = std::string(title) + "\n";
    json const &rows = data.contains(name) && data[name].is_array() ? data[name] : json::array();
    std::vector<Cells> lines{std::move(titles)};
    for (json const &row : rows)
        if (Cells cells = line(row); !cells.empty())
            lines.push_back(std::move(cells));
    return shown + (lines.size() == 1 ? std::string(nothing) + "\n" : table(lines)) + "\n";
}

Cells objective(json const &row) {
    if (!row.contains("grade") || row["grade"].is_null())
        return {};
    return {text(row, "name"),
            text(row, "grade"),
            in_unit(row, "value"),
            (text(row, "better") == "above" ? ">= " : "<= ") + in_unit(row, "target"),
            number(row, "window_seconds", seconds),
            number(row, "n", plain)};
}

/// All in one line: how long in all, what is slowest, how much the caches had, how much memory.
std::string in_short(json const &data) {
    double total = 0;
    double slowest = 0;
    double hits = 0;
    double lookups = 0;
    std::string name = "-";
    json const &components = data.value("components", json::array());
    for (json const &row : components)
        if (row.contains("mean_s") && row["mean_s"].is_number()) {
            double const mean = row["mean_s"].get<double>();
            total += mean * row.value("calls", 0.0);
            if (mean >= slowest) {
                slowest = mean;
                name = text(row, "component");
            }
        }
    for (json const &row : data.value("caches", json::array())) {
        hits += row.value("hits", 0.0);
        lookups += row.value("hits", 0.0) + row.value("misses", 0.0);
    }
    json const &host = data.value("host", json::object());
    return "total duration " + seconds(total) + ", components " + std::to_string(components.size()) +
           ", slowest " + name + " (" + seconds(slowest) + "), cache hit rate " +
           (lookups > 0 ? share(hits / lookups) : "-") + ", memory " +
           number(host, "server_memory_bytes", mebibytes) + "\n\n";
}

std::string screen(json const &data) {
    json const &score = data.value("score", json::object());
    std::string shown = text(data, "at") + ", over " + number(data, "window_seconds", seconds) + ": " +
                        number(score, "score", plain) + " of 100, " + number(score, "met", plain) + " of " +
                        number(score, "measured", plain) + " measured objectives met\n" + in_short(data);
    shown += part(
        "ALERTS", data, "alerts", {"rule", "severity", "value", "threshold", "since"},
        [](json const &row) {
            return Cells{text(row, "rule"), text(row, "severity"), number(row, "value", plain),
                         number(row, "threshold", plain), text(row, "opened_at")};
        },
        "none is open");
    shown += part("OBJECTIVES", data, "slo", {"name", "grade", "value", "target", "window", "n"}, objective,
                  "none is measured yet");
    shown += part(
        "COMPONENTS", data, "components",
        {"component", "calls", "a second", "errors", "p50", "p95", "p99", "n timed"},
        [](json const &row) {
            return Cells{text(row, "component"),           number(row, "calls", plain),
                         number(row, "per_second", plain), number(row, "errors", plain),
                         number(row, "p50_s", seconds),    number(row, "p95_s", seconds),
                         number(row, "p99_s", seconds),    number(row, "n", plain)};
        },
        "nothing was called");
    shown += part(
        "CACHES", data, "caches", {"namespace", "hits", "n lookups", "entries", "size", "time saved"},
        [](json const &row) {
            return Cells{text(row, "namespace"),          number(row, "hit_share", share),
                         number(row, "n", plain),         number(row, "entries", plain),
                         number(row, "bytes", mebibytes), number(row, "saved_seconds", seconds)};
        },
        "none was used");
    if (!data.value("prompts", json::array()).empty())
        shown += part(
            "PROMPT CACHES", data, "prompts", {"cache", "hits", "n lookups", "same", "similar", "refused"},
            [](json const &row) {
                return Cells{text(row, "cache"),
                             number(row, "hit_share", share),
                             number(row, "n", plain),
                             number(row, "exact", plain),
                             number(row, "similar", plain),
                             number(row, "refused", plain)};
            },
            "none was used");
    shown += part(
        "QUEUES", data, "queues", {"queue", "ready", "oldest", "dead"},
        [](json const &row) {
            return Cells{text(row, "queue"), number(row, "ready", plain), number(row, "oldest_s", seconds),
                         number(row, "dead", plain)};
        },
        "nothing is queued");
    return shown;
}

} // namespace

int top(TopOptions const &options) {
    db::Health health;
    db::SessionSettings settings;
    settings.conninfo = options.database;
    settings.application_name = "steward top";
    db::Session session(settings, health);
    bool const is_live = !options.once && ::isatty(STDOUT_FILENO) == 1;
    for (bool is_first = true;; is_first = false) {
        try {
            db::Result const result = session.run(question, {options.window.c_str()});
            std::string const shown = screen(json::parse(result.text(0, 0)));
            std::printf("%s%s", is_live ? clear_screen : "", shown.c_str());
        } catch (db::Error const &error) {
            std::fprintf(stderr, "error: %s\n", error.what());
            if (is_first || options.once)
                return 2;
        }
        std::fflush(stdout);
        if (!is_live)
            return 0;
        std::this_thread::sleep_for(std::chrono::duration<double>(options.interval));
    }
}

} // namespace steward::sidecar::command
