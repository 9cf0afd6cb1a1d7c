// Simulated clients that always have more to do, against a limit of tokens: the window that the product keeps
// and the bucket that refills, which is what most libraries have. What a provider sees in its worst window,
// and how much gets through. Usage: rate_limits SEED    prints a line a kind: name, worst by arrival, worst
// by end, goodput, all as shares of the limit
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <queue>
#include <random>
#include <vector>

#include "core/limit/window.hpp"

namespace {

using steward::core::Charge;
using steward::core::LimitRule;
using steward::core::LimitWindow;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t window = 60 * second;
constexpr std::int64_t limit = 30'000;
constexpr std::int64_t lasts = 1200 * second;
constexpr std::int64_t idle_from = 300 * second;
constexpr std::int64_t idle_until = 420 * second;
constexpr std::size_t at_once = 200;

struct Call {
    std::int64_t asked;
    std::int64_t actual;
    std::int64_t admitted = 0;
    std::int64_t arrived = 0;
    std::int64_t ended = 0;
};

/// What decides: 0 where it admits, or for how long to wait.
struct Limiter {
    std::function<std::int64_t(std::int64_t now, const Call &)> admit;
    std::function<void(std::int64_t now, const Call &)> settle;
};

Limiter ours(const LimitRule &rule) {
    auto state = std::make_shared<LimitWindow>();
    return {[=](std::int64_t now, const Call &call) {
                return state->admit(rule, now, {1, call.asked}).wait;
            },
            [=](std::int64_t now, const Call &call) {
                state->settle(rule, now, call.admitted, {1, call.asked}, {1, call.actual});
            }};
}

/// As large as the limit, and filled again within a window: what was asked for too much comes back.
Limiter bucket(double share, double pace) {
    struct State {
        double level;
        std::int64_t at;
    };
    double const size = share * static_cast<double>(limit);
    double const rate = pace * static_cast<double>(limit) / static_cast<double>(window);
    auto state = std::make_shared<State>(State{size, 0});
    auto const fill = [=](std::int64_t now) {
        state->level = std::min(size, state->level + rate * static_cast<double>(now - state->at));
        state->at = now;
    };
    return {[=](std::int64_t now, const Call &call) -> std::int64_t {
                fill(now);
                auto const asked = static_cast<double>(call.asked);
                if (state->level < asked)
                    return static_cast<std::int64_t>((asked - state->level) / rate) + 1;
                state->level -= asked;
                return 0;
            },
            [=](std::int64_t now, const Call &call) {
                fill(now);
                state->level = std::min(size, state->level + static_cast<double>(call.asked - call.actual));
            }};
}

std::vector<Call> run(const Limiter &limiter, const LimitRule &rule, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::int64_t> prompt(100, 400);
    std::lognormal_distribution<double> answer(4.6, 0.6);
    std::uniform_int_distribution<std::int64_t> latency(second / 2, 6 * second);
    std::uniform_int_distribution<std::int64_t> way(0, rule.delay);
    auto const later = [](const Call &a, const Call &b) { return a.ended > b.ended; };
    std::priority_queue<Call, std::vector<Call>, decltype(later)> flying(later);
    std::vector<Call> calls;
    auto const settle_until = [&](std::int64_t now) {
        for (; !flying.empty() && flying.top().ended <= now; flying.pop())
            limiter.settle(flying.top().ended, flying.top());
    };
    auto const draw = [&] {
        std::int64_t const question = prompt(random);
        return Call{question + 512,
                    question + std::min<std::int64_t>(512, static_cast<std::int64_t>(answer(random)))};
    };
    Call next = draw();
    for (std::int64_t now = 0; now < lasts;) {
        if (now >= idle_from && now < idle_until)
            now = idle_until;
        settle_until(now);
        std::int64_t const wait =
            flying.size() >= at_once ? flying.top().ended - now : limiter.admit(now, next);
        if (wait > 0) {
            now = flying.empty() ? now + wait : std::min(now + wait, std::max(flying.top().ended, now + 1));
            continue;
        }
        next.admitted = now;
        next.arrived = now + way(random);
        next.ended = next.arrived + latency(random);
        calls.push_back(next);
        flying.push(next);
        next = draw();
        ++now;
    }
    return calls;
}

double worst(std::vector<Call> calls, std::int64_t Call::*when) {
    std::sort(calls.begin(), calls.end(), [&](const Call &a, const Call &b) { return a.*when < b.*when; });
    std::int64_t sum = 0;
    std::int64_t most = 0;
    std::size_t first = 0;
    for (const Call &call : calls) {
        sum += call.actual;
        for (; calls[first].*when <= call.*when - window; ++first)
            sum -= calls[first].actual;
        most = std::max(most, sum);
    }
    return static_cast<double>(most) / static_cast<double>(limit);
}

void report(const char *name, const std::function<Limiter()> &make, const LimitRule &rule, unsigned seed) {
    constexpr unsigned seeds = 5;
    double by_arrival = 0;
    double by_end = 0;
    double goodput = 0;
    for (unsigned i = 0; i < seeds; ++i) {
        std::vector<Call> const calls = run(make(), rule, seed + i);
        by_arrival = std::max(by_arrival, worst(calls, &Call::arrived));
        by_end = std::max(by_end, worst(calls, &Call::ended));
        double sum = 0;
        for (const Call &call : calls)
            sum += static_cast<double>(call.actual);
        goodput += sum /
                   (static_cast<double>(limit) * static_cast<double>(lasts - (idle_until - idle_from)) /
                    static_cast<double>(window)) /
                   seeds;
    }
    std::printf("%s\t%.3f\t%.3f\t%.3f\n", name, by_arrival, by_end, goodput);
}

} // namespace

int main(int argc, char **argv) {
    auto const seed = static_cast<unsigned>(argc > 1 ? std::atoi(argv[1]) : 1);
    LimitRule const rule{.tokens = limit};
    LimitRule at_arrival = rule;
    at_arrival.counts_at_end = false;
    LimitRule unpaced = at_arrival;
    unpaced.burst = 1.0;
    report(
        "steward", [&] { return ours(rule); }, rule, seed);
    report(
        "steward, meter arrival", [&] { return ours(at_arrival); }, rule, seed);
    report(
        "steward, meter arrival, not paced", [&] { return ours(unpaced); }, rule, seed);
    report(
        "bucket of a limit", [&] { return bucket(1.0, 1.0); }, rule, seed);
    report(
        "bucket of a tenth, nine tenths as fast", [&] { return bucket(0.1, 0.9); }, rule, seed);
}
