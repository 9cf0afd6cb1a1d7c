// When a load run asks, by a clock of the test's own.
#include "sidecar/load/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <queue>

#include "sidecar/load/statistics.hpp"

namespace steward::sidecar::load {
namespace {

struct Ran {
    Tally tally;
    Observed observed;
    std::vector<double> starts;
    double last = 0;
};

/// Runs a plan against a server that says when a request that begins then ends; no time passes.
Ran run(Plan const &plan, std::function<double(double)> const &ends) {
    Schedule schedule(plan);
    struct End {
        double at;
        Schedule::Start start;
        bool operator>(End const &other) const { return at > other.at; }
    };
    std::priority_queue<End, std::vector<End>, std::greater<>> under_way;
    Ran ran;
    double now = 0;
    while (!schedule.is_over() || !under_way.empty()) {
        while (auto const start = schedule.take(now)) {
            under_way.push({ends(now), *start});
            ran.starts.push_back(now);
        }
        double const next_end = under_way.empty() ? HUGE_VAL : under_way.top().at;
        now = std::min(next_end, schedule.next_due());
        if (std::isinf(now))
            break;
        if (next_end <= now) {
            End const end = under_way.top();
            under_way.pop();
            ++ran.tally.requests;
            ran.tally.durations.add(now - end.start.intended);
            schedule.finish(end.start.user, now);
            ran.last = now;
        }
    }
    ran.observed = schedule.observed();
    return ran;
}

double prompt(double now) {
    return now + 0.01;
}

/// Answers at once, but for five seconds nothing at all.
double stalled(double now) {
    return now >= 20 && now < 25 ? 25.01 : prompt(now);
}

TEST(LoadSchedule, TheDocumentsUsers) {
    Ran const ran = run(*preset("documents"), prompt);
    EXPECT_EQ(ran.observed.users_reached, 50);
    EXPECT_GE(ran.observed.least_thought, 1);
    EXPECT_LE(ran.observed.most_thought, 5);
    EXPECT_NEAR(ran.observed.thought / static_cast<double>(ran.observed.thoughts), 3, 0.05);
    EXPECT_NEAR(static_cast<double>(ran.tally.requests), 50 * 300 / 3.01, 150);
    EXPECT_LT(ran.starts.back(), 300);
}

TEST(LoadSchedule, AFixedNumberOfRequestsEach) {
    Ran const ran = run(*preset("fixed"), prompt);
    EXPECT_EQ(ran.tally.requests, 500);
    EXPECT_NEAR(ran.observed.ramp_up, 30 * 49.0 / 50, 1e-9);
    // The time really used, by which a throughput is told, is not the 300 s that there were.
    EXPECT_GT(ran.last, 40);
    EXPECT_LT(ran.last, 60);
}

TEST(LoadSchedule, PresetsOfTheSuite) {
    for (char const *name : {"normal", "peak", "stress", "normal_load", "peak_load", "stress_test"}) {
        Plan const plan = preset(name).value();
        EXPECT_LE(plan.users, 100) << name;
        EXPECT_EQ(plan.ramp_up, 60) << name;
        EXPECT_EQ(plan.duration, 300) << name;
    }
    EXPECT_FALSE(preset("heavy"));
}

TEST(LoadSchedule, UsersComeOneByOne) {
    Plan plan;
    plan.users = 10;
    plan.duration = 20;
    plan.ramp_up = 10;
    plan.think = {100, 100}; // so each asks once
    Ran const ran = run(plan, prompt);
    ASSERT_EQ(ran.starts.size(), 10U);
    for (std::size_t user = 0; user < 10; ++user)
        EXPECT_NEAR(ran.starts[user], static_cast<double>(user), 1e-9);
    EXPECT_EQ(ran.observed.users_reached, 1); // since each has left when the next one comes
}

TEST(LoadSchedule, ARateIsKept) {
    Plan plan;
    plan.users = 10;
    plan.duration = 30;
    plan.ramp_up = 10;
    plan.rate = 20;
    Ran const ran = run(plan, prompt);
    auto const begun_by = [&](double time) {
        return std::count_if(ran.starts.begin(), ran.starts.end(),
                             [&](double start) { return start < time; });
    };
    EXPECT_NEAR(static_cast<double>(begun_by(5)), 25, 1); // half of the ramp, a quarter of its 100
    EXPECT_NEAR(static_cast<double>(begun_by(10)), 100, 1);
    EXPECT_NEAR(static_cast<double>(begun_by(30)), 500, 1);
}

TEST(LoadSchedule, AStallIsSeenByARateAndHiddenByUsersWhoWait) {
    Plan plan;
    plan.users = 10;
    plan.duration = 60;
    plan.think = {0.09, 0.09};
    Ran const closed = run(plan, stalled);
    plan.rate = 100;
    plan.users = 1000;
    Ran const open = run(plan, stalled);
    // As many requests a second, and the same server.
    EXPECT_NEAR(static_cast<double>(closed.tally.requests), 5500, 100);
    EXPECT_EQ(open.tally.requests, 6000U);
    EXPECT_LT(closed.tally.durations.quantile(0.99), 0.011);
    EXPECT_GT(open.tally.durations.quantile(0.95), 1.5);
    EXPECT_GT(open.tally.durations.quantile(0.99), 4);
}

TEST(LoadSchedule, ARequestThatFindsNobodyFreeHasBegunAllTheSame) {
    Plan plan;
    plan.users = 2;
    plan.duration = 60;
    plan.rate = 100;
    Ran const ran = run(plan, stalled);
    EXPECT_EQ(ran.tally.requests, 6000U);
    EXPECT_GT(ran.tally.durations.quantile(0.95), 1.5);
}

TEST(LoadSchedule, WhatWasDueAndNeverBegan) {
    Plan plan;
    plan.users = 1;
    plan.duration = 10;
    plan.rate = 2;
    Schedule schedule(plan);
    ASSERT_TRUE(schedule.take(0));
    EXPECT_FALSE(schedule.take(5));
    EXPECT_TRUE(std::isinf(schedule.next_due())); // nobody is free
    EXPECT_EQ(schedule.waiting(5).size(), 9U);
    EXPECT_EQ(schedule.waiting(100).size(), 19U);
    schedule.finish(0, 5);
    EXPECT_EQ(schedule.next_due(), 0.5);
    EXPECT_EQ(schedule.take(5)->intended, 0.5);
}

TEST(LoadSchedule, TheSameSeedThinksTheSame) {
    Plan plan = *preset("documents");
    auto const starts = run(plan, prompt).starts;
    EXPECT_EQ(run(plan, prompt).starts, starts);
    plan.seed = 2;
    EXPECT_NE(run(plan, prompt).starts, starts);
}

TEST(LoadSchedule, TimesToThink) {
    EXPECT_EQ(parse_seconds("1..5")->most, 5);
    EXPECT_EQ(parse_seconds("0.5")->least, 0.5);
    EXPECT_EQ(parse_seconds("0.5")->most, 0.5);
    for (char const *wrong :
         {"", "..", "1..", "..5", "5..1", "-1", "1-5", "a", "1 .. 5", "nan", "inf", "4000"})
        EXPECT_FALSE(parse_seconds(wrong)) << wrong;
}

} // namespace
} // namespace steward::sidecar::load
