// How often a change is seen that is none, and how often one that is: simulated, with seeds.
#include "core/stats/slowdown.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace steward::core {
namespace {

/// Calls of a minute: log-normal, with a few long ones, around a level that wanders from minute to minute.
struct Load {
    double microseconds = 800.0;
    double spread = 0.4;      ///< of the calls of a minute
    double wander = 0.05;     ///< of the level
    double resemblance = 0.5; ///< of a level to the one before
    double long_share = 0.01; ///< of calls that take 2 to 50 times as long
    int calls = 60;           ///< a minute
    double pauses = 0.0;      ///< share of calls within which the machine does something else, for 8 ms
};

class Simulation {
  public:
    explicit Simulation(unsigned seed) : engine_(seed) {}

    double normal() {
        double const u = (static_cast<double>(engine_()) + 1.0) / 4294967297.0;
        double const v = static_cast<double>(engine_()) / 4294967296.0;
        return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
    }

    double uniform() { return static_cast<double>(engine_()) / 4294967296.0; }

    Round minute(const Load &load, std::int64_t at, double factor) {
        level_ = load.resemblance * level_ +
                 std::sqrt(1.0 - load.resemblance * load.resemblance) * load.wander * normal();
        Round round{at, {}};
        for (int i = 0; i < load.calls; ++i) {
            double duration = load.microseconds * factor * std::exp(level_ + load.spread * normal());
            if (uniform() < load.long_share)
                duration *= 2.0 + 48.0 * uniform();
            if (load.pauses > 0.0 && uniform() < load.pauses)
                duration += -8000.0 * std::log(1.0 - uniform());
            round.durations.observe(static_cast<std::uint64_t>(duration * 1000.0), 1);
        }
        return round;
    }

    Comparison compare(const Load &load, double factor, std::size_t comparisons, int minutes = 60,
                       int changed_at = 0) {
        std::vector<Round> before;
        std::vector<Round> after;
        for (int i = 0; i < minutes; ++i)
            before.push_back(minute(load, i, 1.0));
        for (int i = 0; i < minutes; ++i)
            after.push_back(minute(load, minutes + i, i >= changed_at ? factor : 1.0));
        return compare_rounds(before, after, {.comparisons = comparisons});
    }

  private:
    std::mt19937 engine_;
    double level_ = 0.0;
};

double share_of(Verdict verdict, const Load &load, double factor, int repetitions,
                std::size_t comparisons = 1) {
    Simulation simulation(7);
    int found = 0;
    for (int i = 0; i < repetitions; ++i)
        found += simulation.compare(load, factor, comparisons).verdict == verdict ? 1 : 0;
    return static_cast<double>(found) / repetitions;
}

double false_alarms(const Load &load, int repetitions) {
    return share_of(Verdict::slower, load, 1.0, repetitions) +
           share_of(Verdict::faster, load, 1.0, repetitions);
}

TEST(Slowdown, FalseAlarmsOfAnUnchangedLoad) {
    EXPECT_LE(false_alarms({}, 400), 0.01);
    EXPECT_LE(false_alarms({.wander = 0.10}, 200), 0.01);
    EXPECT_LE(false_alarms({.wander = 0.05, .resemblance = 0.8}, 200), 0.01);
    EXPECT_LE(false_alarms({.spread = 0.9, .wander = 0.02, .long_share = 0.05, .calls = 20}, 200), 0.01);
    EXPECT_LE(false_alarms({.spread = 0.6, .wander = 0.05, .calls = 2}, 200), 0.01);
    EXPECT_LE(false_alarms({.microseconds = 200.0, .spread = 0.1, .calls = 100, .pauses = 0.05}, 200), 0.01);
    EXPECT_LE(false_alarms({.spread = 0.02, .wander = 0.01, .long_share = 0.0}, 150), 0.01);
}

TEST(Slowdown, FindsAQuarter) {
    EXPECT_GE(share_of(Verdict::slower, {}, 1.25, 120), 0.95);
    EXPECT_GE(share_of(Verdict::slower, {}, 1.25, 120, 60), 0.95) << "as one of sixty operations";
    EXPECT_GE(share_of(Verdict::slower, {.wander = 0.08}, 1.25, 120), 0.95);
    EXPECT_GE(share_of(Verdict::slower, {.spread = 0.02, .wander = 0.01, .long_share = 0.0}, 1.25, 120), 0.95)
        << "within one bucket";
    EXPECT_GE(share_of(Verdict::faster, {}, 0.75, 120), 0.95);
    EXPECT_GE(share_of(Verdict::slower, {.microseconds = 200.0, .spread = 0.1, .calls = 100, .pauses = 0.05},
                       1.25, 120, 20),
              0.95)
        << "beside a busy machine";
}

TEST(Slowdown, FindsWhatIsLongInSome) {
    // Of 100 calls six, or twelve, or none, take much longer: nobody would find that by the others.
    Simulation simulation(11);
    Load const load{.spread = 0.2, .wander = 0.02, .long_share = 0.0, .calls = 100};
    int found = 0;
    for (int i = 0; i < 60; ++i) {
        std::vector<Round> before;
        std::vector<Round> after;
        for (int at = 0; at < 60; ++at)
            before.push_back(simulation.minute(load, at, 1.0));
        for (int at = 60; at < 120; ++at) {
            after.push_back(simulation.minute(load, at, 1.0));
            auto const some = static_cast<int>(12.0 * simulation.uniform());
            Load const longer{.microseconds = 16000.0, .long_share = 0.0, .calls = some};
            after.back().durations.add(simulation.minute(longer, at, 1.0).durations);
        }
        found += compare_rounds(before, after, {}).verdict == Verdict::slower ? 1 : 0;
    }
    EXPECT_GE(found, 57);
}

TEST(Slowdown, SaysHowMuch) {
    Simulation simulation(3);
    double sum = 0.0;
    int covered = 0;
    constexpr int repetitions = 100;
    for (int i = 0; i < repetitions; ++i) {
        Comparison const found = simulation.compare({}, 1.5, 1);
        sum += found.change;
        covered += found.low <= 0.5 && found.high >= 0.5 ? 1 : 0;
        EXPECT_EQ(found.n_before, 3600U);
        EXPECT_EQ(found.n_after, 3600U);
        EXPECT_NEAR(found.after / found.before, 1.0 + found.change, 0.2);
    }
    EXPECT_NEAR(sum / repetitions, 0.5, 0.03);
    EXPECT_GE(covered, repetitions * 9 / 10);
}

TEST(Slowdown, SaysSinceWhen) {
    Simulation simulation(5);
    for (int i = 0; i < 20; ++i) {
        Comparison const found = simulation.compare({}, 1.6, 1, 60, 15);
        ASSERT_EQ(found.verdict, Verdict::slower);
        EXPECT_NEAR(static_cast<double>(found.first_seen), 75.0, 4.0);
    }
}

TEST(Slowdown, SmallChangesAreNone) {
    EXPECT_EQ(share_of(Verdict::slower, {.wander = 0.01}, 1.05, 60), 0.0);
    EXPECT_GE(share_of(Verdict::unchanged, {.wander = 0.01}, 1.0, 60), 0.95);
}

TEST(Slowdown, RefusesToJudgeByLittle) {
    Simulation simulation(9);
    EXPECT_EQ(compare_rounds({}, {}, {}).verdict, Verdict::too_little);
    EXPECT_EQ(simulation.compare({}, 2.0, 1, 5).verdict, Verdict::too_little);
    std::vector<Round> const lone{simulation.minute({}, 0, 1.0)};
    Comparison const found = compare_rounds(lone, {}, {});
    EXPECT_EQ(found.verdict, Verdict::too_little);
    EXPECT_GT(found.before, 0.0);
    EXPECT_EQ(found.after, 0.0);
}

TEST(Slowdown, TakesADayAsWellAsAnHour) {
    Simulation simulation(11);
    EXPECT_EQ(simulation.compare({.calls = 5}, 1.25, 60, 1440).verdict, Verdict::slower);
    EXPECT_EQ(simulation.compare({.calls = 5}, 1.0, 60, 1440).verdict, Verdict::unchanged);
}

TEST(Slowdown, NormalExcess) {
    EXPECT_NEAR(normal_excess(0.025), 1.959964, 1e-5);
    EXPECT_NEAR(normal_excess(0.005), 2.575829, 1e-5);
    EXPECT_NEAR(normal_excess(1e-6), 4.753424, 1e-5);
}

} // namespace
} // namespace steward::core
