// Kuramoto's oscillators against solutions that are known.
#include "core/fields/kuramoto.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

namespace steward::core {
namespace {

Oscillators oscillators_of(std::size_t size, const KuramotoParameters &parameters) {
    return {size, parameters, std::pmr::new_delete_resource(), Stop{}};
}

/// How far two oscillators come apart from their exact solution: with u = tan(d / 2), where d is the
/// difference of their phases, d' = difference - coupling sin d has (u - u1) / (u - u2) grow as exp(root t).
double error_of_two(double dt, double time) {
    constexpr double difference = 0.5;
    KuramotoParameters const parameters{.coupling = 1.2, .dt = dt};
    double const root = std::sqrt(parameters.coupling * parameters.coupling - difference * difference);
    double const u1 = (parameters.coupling + root) / difference;
    double const u2 = (parameters.coupling - root) / difference;
    double const start = std::tan(1.0);
    double const grown = (start - u1) / (start - u2) * std::exp(root * time);
    double const wanted = 2 * std::atan((u1 - grown * u2) / (1 - grown));

    Oscillators two = oscillators_of(2, parameters);
    std::vector<double> const phases{-1, 1};
    std::vector<double> const frequencies{1 - difference / 2, 1 + difference / 2};
    two.set(phases, frequencies);
    two.advance(static_cast<std::uint64_t>(std::llround(time / dt)));
    return std::abs(std::remainder(two.phases()[1] - two.phases()[0] - wanted, 2 * std::numbers::pi));
}

TEST(Kuramoto, FollowsTwoOscillators) {
    EXPECT_LT(error_of_two(0.05, 2), 1e-6);
    EXPECT_LT(error_of_two(0.01, 1), 1e-9);
}

TEST(Kuramoto, IsOfFourthOrderInTime) {
    double coarse = error_of_two(0.4, 2);
    for (double dt : {0.2, 0.1, 0.05}) {
        double const fine = error_of_two(dt, 2);
        EXPECT_NEAR(std::log2(coarse / fine), 4, 0.4) << dt;
        coarse = fine;
    }
}

TEST(Kuramoto, HasTheOrderOfInfinitelyMany) {
    for (double const coupling : {1.5, 2.0, 4.0}) {
        Oscillators many = oscillators_of(5000, {.coupling = coupling, .spread = 0.5});
        many.draw(3);
        double const wanted = std::sqrt(1 - 1 / coupling); // the critical coupling is twice the spread
        EXPECT_NEAR(many.advance(1000).mean_order, wanted, 0.03) << coupling;
    }
    Oscillators loose = oscillators_of(5000, {.coupling = 0.5, .spread = 0.5});
    loose.draw(3);
    EXPECT_LT(loose.advance(500).mean_order, 0.05);
}

TEST(Kuramoto, SaysWhenTheyAreSynchronised) {
    Oscillators strong = oscillators_of(50, {.coupling = 10, .frequencies = Frequencies::uniform});
    strong.draw(1);
    auto const [mean, reached] = strong.advance(1000);
    ASSERT_TRUE(reached);
    EXPECT_GT(*reached, 0);
    EXPECT_LT(*reached, 5);
    EXPECT_GT(mean, 0.99);
    EXPECT_GT(strong.order().r, 0.99);
    EXPECT_EQ(strong.advance(0).reached, 0.0); // they are
    Oscillators apart = oscillators_of(50, {.coupling = 0});
    apart.draw(1);
    EXPECT_FALSE(apart.advance(1000).reached);
}

TEST(Kuramoto, DrawsWhatItIsAskedFor) {
    for (Frequencies const kind : {Frequencies::lorentzian, Frequencies::normal, Frequencies::uniform}) {
        Oscillators all = oscillators_of(20000, {.spread = 2, .omega = 3, .frequencies = kind});
        all.draw(5);
        std::span<const double> const drawn = all.frequencies();
        auto const within = static_cast<double>(
            std::ranges::count_if(drawn, [](double omega) { return std::abs(omega - 3) < 1; }));
        double const share = kind == Frequencies::lorentzian ? 2 / std::numbers::pi * std::atan(0.5)
                             : kind == Frequencies::normal   ? std::erf(0.5 / std::numbers::sqrt2)
                                                             : 0.5;
        EXPECT_NEAR(within / 20000, share, 0.015);
        auto const early = static_cast<double>(
            std::ranges::count_if(all.phases(), [](double theta) { return theta < -std::numbers::pi / 2; }));
        EXPECT_NEAR(early / 20000, 0.25, 0.015);
    }
}

TEST(Kuramoto, IsTheSameForTheSameInputs) {
    auto const solved = [](std::int64_t seed) {
        Oscillators all = oscillators_of(101, {.coupling = 2});
        all.draw(seed);
        all.advance(100);
        return std::vector<double>(all.phases().begin(), all.phases().end());
    };
    EXPECT_EQ(solved(7), solved(7));
    EXPECT_NE(solved(7), solved(-7));
}

/// What pads the last vector is no oscillator.
TEST(Kuramoto, TakesAnyNumberOfThem) {
    for (std::size_t size = 1; size <= 20; ++size) {
        Oscillators all = oscillators_of(size, {.coupling = 3});
        all.draw(static_cast<std::int64_t>(size));
        std::vector<double> theta(all.phases().begin(), all.phases().end());
        std::vector<double> const omega(all.frequencies().begin(), all.frequencies().end());
        auto const rates = [&](const std::vector<double> &at) {
            std::vector<double> all_rates = omega;
            for (std::size_t i = 0; i < size; ++i)
                for (std::size_t j = 0; j < size; ++j)
                    all_rates[i] += 3.0 / static_cast<double>(size) * std::sin(at[j] - at[i]);
            return all_rates;
        };
        auto const moved = [&](const std::vector<double> &rate, double ahead) {
            std::vector<double> at = theta;
            for (std::size_t i = 0; i < size; ++i)
                at[i] += ahead * rate[i];
            return at;
        };
        for (int step = 0; step < 10; ++step) {
            std::vector<double> const k1 = rates(theta);
            std::vector<double> const k2 = rates(moved(k1, 0.025));
            std::vector<double> const k3 = rates(moved(k2, 0.025));
            std::vector<double> const k4 = rates(moved(k3, 0.05));
            for (std::size_t i = 0; i < size; ++i)
                theta[i] += 0.05 / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
        }
        all.advance(10);
        for (std::size_t i = 0; i < size; ++i)
            EXPECT_NEAR(std::remainder(all.phases()[i] - theta[i], 2 * std::numbers::pi), 0, 1e-12) << size;
    }
}

TEST(Kuramoto, RefusesWhatCannotBeSolved) {
    double const nothing = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW(check(0, {}), Error);
    EXPECT_THROW(check(most_oscillators + 1, {}), Error);
    for (const KuramotoParameters &parameters :
         {KuramotoParameters{.coupling = nothing}, KuramotoParameters{.dt = 0},
          KuramotoParameters{.spread = -1}, KuramotoParameters{.synchronised = 1.1}})
        EXPECT_THROW(check(5, parameters), Error);
    Oscillators one = oscillators_of(1, {});
    std::vector<double> const far{1e7};
    std::vector<double> const none{nothing};
    std::vector<double> const zero{0};
    EXPECT_THROW(one.set(far, zero), Error);
    EXPECT_THROW(one.set(zero, none), Error);
}

TEST(FieldKernels, HaveSinesToTheLastBits) {
    for (const FieldKernels *const kernels :
         {&portable_field_kernels(), avx2_field_kernels(), avx512_field_kernels(), &field_kernels()}) {
        if (kernels == nullptr)
            continue;
        for (double const base : {0.0, 0.7853981, 1.5707963, 3.1415926, 100.0, 12345.678, 1e6})
            for (int j = -400; j < 400; j += 8) {
                double theta[padded];
                double sine[padded];
                double cosine[padded];
                for (std::size_t i = 0; i < padded; ++i)
                    theta[i] = (base + 1e-3 * (j + static_cast<double>(i))) * (i % 2 == 0 ? 1 : -1);
                CircleSums const sums = kernels->begin({theta, theta, sine, cosine, theta, 5});
                double cosines = 0;
                for (std::size_t i = 0; i < 5; ++i) {
                    ASSERT_NEAR(sine[i], std::sin(theta[i]), 3e-16) << kernels->name << ' ' << theta[i];
                    ASSERT_NEAR(cosine[i], std::cos(theta[i]), 3e-16) << kernels->name << ' ' << theta[i];
                    cosines += cosine[i];
                }
                ASSERT_NEAR(sums.cosine, cosines, 1e-14);
            }
    }
}

} // namespace
} // namespace steward::core
