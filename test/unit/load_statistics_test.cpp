// How a load run counts, and how it draws what to ask for.
#include "sidecar/load/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "sidecar/load/route.hpp"

namespace steward::sidecar::load {
namespace {

TEST(LoadStatistics, QuantilesBesideSorting) {
    std::mt19937_64 random{7};
    std::lognormal_distribution<double> some(std::log(0.02), 1.5);
    Durations durations;
    std::vector<double> all;
    double sum = 0;
    for (int i = 0; i < 20000; ++i) {
        all.push_back(some(random));
        durations.add(all.back());
        sum += all.back();
    }
    std::sort(all.begin(), all.end());
    for (double const share : {0.0001, 0.01, 0.5, 0.95, 0.99, 0.999, 1.0}) {
        double const exact = all[static_cast<std::size_t>(std::ceil(share * 20000)) - 1];
        EXPECT_NEAR(durations.quantile(share) / exact, 1, 0.003) << share;
    }
    EXPECT_NEAR(durations.mean(), sum / 20000, 1e-9);
    EXPECT_EQ(durations.most(), all.back());
    EXPECT_EQ(durations.count(), 20000U);
}

TEST(LoadStatistics, FewAndOdd) {
    Durations durations;
    EXPECT_EQ(durations.quantile(0.95), 0);
    EXPECT_EQ(durations.mean(), 0);
    durations.add(0.25);
    EXPECT_EQ(durations.quantile(0.5), 0.25); // no more than the most, no less than the least
    EXPECT_EQ(durations.quantile(0.99), 0.25);
    durations.add(0);
    durations.add(1e9);
    EXPECT_EQ(durations.most(), 1e9);
    EXPECT_LE(durations.quantile(0.01), 1.1e-6);
}

TEST(LoadStatistics, PartsAddUp) {
    std::mt19937_64 random{3};
    std::exponential_distribution<double> some(10);
    Tally parts[2];
    Tally all;
    for (int i = 0; i < 1000; ++i) {
        double const seconds = some(random);
        parts[i % 2].durations.add(seconds);
        all.durations.add(seconds);
    }
    parts[0].requests = 600;
    parts[0].errors = {{"timeout", 3}};
    parts[1].requests = 500;
    parts[1].errors = {{"timeout", 4}, {"refused", 5}};
    Tally sum;
    sum.add(parts[0]);
    sum.add(parts[1]);
    EXPECT_EQ(sum.requests, 1100U);
    EXPECT_EQ(sum.errors.at("timeout"), 7U);
    EXPECT_EQ(sum.error_count(), 12U);
    EXPECT_EQ(sum.successes(), 1088U);
    EXPECT_EQ(sum.durations.quantile(0.95), all.durations.quantile(0.95));
    EXPECT_EQ(sum.durations.most(), all.durations.most());
    std::uint64_t counted = 0;
    double total = 0;
    for (auto const &[seconds, count] : sum.durations.steps()) {
        counted += count;
        total += seconds * static_cast<double>(count);
    }
    EXPECT_EQ(counted, 1000U);
    EXPECT_NEAR(total / 1000 / sum.durations.mean(), 1, 0.003);
}

TEST(LoadRoute, Texts) {
    Route const route = parse_route("3 POST /a/b?c=d {\"e\": {\"f\": 1}}").value();
    EXPECT_EQ(route.weight, 3);
    EXPECT_EQ(route.method, "POST");
    EXPECT_EQ(route.path, "/a/b?c=d");
    EXPECT_EQ(route.body, "{\"e\": {\"f\": 1}}");
    EXPECT_EQ(parse_route("/a")->method, "GET");
    EXPECT_EQ(parse_route("0.5 /a")->weight, 0.5);
    EXPECT_EQ(parse_route("DELETE /a")->name(), "DELETE /a");
    for (char const *wrong : {"", "a", "0 /a", "-1 /a", "GET", "3 GET", "get /a", "nan /a", "http://b/a"})
        EXPECT_FALSE(parse_route(wrong)) << wrong;
}

TEST(LoadRoute, NumbersAreDrawn) {
    std::mt19937_64 random{1};
    std::map<std::string, int> seen;
    for (int i = 0; i < 1000; ++i)
        ++seen[drawn("/{1-3}", random)];
    EXPECT_EQ(seen.size(), 3U);
    for (auto const &[text, count] : seen)
        EXPECT_NEAR(count, 333, 80) << text;
    EXPECT_EQ(drawn("{5-5}/{7-7}x", random), "5/7x");
    for (char const *plain : {"", "{", "{}", "{1}", "{1-}", "{2-1}", "{a-b}", "{\"a\": {\"b\": 1}}", "{1-2"})
        EXPECT_EQ(drawn(plain, random), plain);
}

TEST(LoadRoute, Weights) {
    std::vector<Route> const routes{*parse_route("1 /a"), *parse_route("3 /b")};
    Draw draw(routes, 1);
    int second = 0;
    for (int i = 0; i < 4000; ++i)
        second += draw.next() == 1 ? 1 : 0;
    EXPECT_NEAR(second, 3000, 120);
}

} // namespace
} // namespace steward::sidecar::load
