#include "sidecar/load/plan.hpp"

#include <charconv>

namespace steward::sidecar::load {
namespace {

Plan named(char const *name, int users, double ramp_up, Seconds think) {
    Plan plan;
    plan.preset = name;
    plan.users = users;
    plan.duration = 300;
    plan.ramp_up = ramp_up;
    plan.think = think;
    return plan;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const is_all = error == std::errc() && end == text.data() + text.size();
    return is_all && value >= 0 && value <= most_seconds ? std::optional(value) : std::nullopt;
}

} // namespace

std::optional<Plan> preset(std::string_view name) {
    if (name == "documents") {
        Plan plan = named("documents", 50, 0, {1, 5});
        plan.routes = {"/api/v1/fidelity/current", "/api/v1/conflict-resolution/",
                       "/api/v1/qec/constitutional-distance?principle_id=1"};
        return plan;
    }
    if (name == "fixed") {
        Plan plan = named("fixed", 50, 30, {1, 3});
        plan.requests_per_user = 10;
        return plan;
    }
    if (name == "normal" || name == "normal_load")
        return named("normal", 50, 60, {1, 5});
    if (name == "peak" || name == "peak_load")
        return named("peak", 100, 60, {1, 3});
    if (name == "stress" || name == "stress_test")
        return named("stress", 100, 60, {0, 0});
    return std::nullopt;
}

std::optional<Seconds> parse_seconds(std::string_view text) {
    std::size_t const dots = text.find("..");
    auto const least = number(text.substr(0, dots));
    auto const most = dots == std::string_view::npos ? least : number(text.substr(dots + 2));
    if (!least || !most || *most < *least)
        return std::nullopt;
    return Seconds{*least, *most};
}

} // namespace steward::sidecar::load
