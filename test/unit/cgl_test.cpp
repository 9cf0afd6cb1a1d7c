// The complex Ginzburg-Landau equation against waves whose course is known.
#include "core/fields/cgl.hpp"

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "core/fields/kernels.hpp"
#include "core/fields/transforms.hpp"

namespace steward::core {
namespace {

using Complex = std::complex<double>;

struct Numbers {
    std::vector<double> real;
    std::vector<double> imaginary;

    bool operator==(const Numbers &) const = default;
};

Numbers numbers_of(const CglField &field) {
    std::size_t const points = field.side() * field.side();
    Numbers numbers{std::vector<double>(points), std::vector<double>(points)};
    field.get(numbers.real, numbers.imaginary);
    return numbers;
}

CglField field_of(std::size_t side, const CglParameters &parameters) {
    return {side, parameters, std::pmr::new_delete_resource(), Stop{}};
}

/// A = sqrt(1 - k^2) exp(i (kx x + ky y - w t)) with w = c1 k^2 - c3 (1 - k^2) solves the equation.
struct Wave {
    CglParameters parameters;
    int turns_x;
    int turns_y;

    Complex at(std::size_t side, std::size_t x, std::size_t y, double time) const {
        double const unit = 2 * std::numbers::pi / parameters.length;
        double const square = unit * unit * (turns_x * turns_x + turns_y * turns_y);
        double const frequency = parameters.c1 * square - parameters.c3 * (1 - square);
        double const place = 2 * std::numbers::pi / static_cast<double>(side) *
                             (turns_x * static_cast<double>(x) + turns_y * static_cast<double>(y));
        return std::polar(std::sqrt(1 - square), place - frequency * time);
    }

    Numbers all(std::size_t side, double time) const {
        Numbers numbers;
        for (std::size_t y = 0; y < side; ++y)
            for (std::size_t x = 0; x < side; ++x) {
                numbers.real.push_back(at(side, x, y, time).real());
                numbers.imaginary.push_back(at(side, x, y, time).imag());
            }
        return numbers;
    }

    /// The largest distance from it after the wave was solved for that time.
    double error(std::size_t side, double dt, double time) const {
        CglParameters with = parameters;
        with.dt = dt;
        CglField field = field_of(side, with);
        Numbers const start = all(side, 0);
        field.set(start.real, start.imaginary);
        field.advance(static_cast<std::uint64_t>(std::llround(time / dt)));
        Numbers const found = numbers_of(field);
        Numbers const wanted = all(side, time);
        double worst = 0;
        for (std::size_t i = 0; i < found.real.size(); ++i)
            worst = std::max(
                worst, std::hypot(found.real[i] - wanted.real[i], found.imaginary[i] - wanted.imaginary[i]));
        return worst;
    }
};

constexpr Wave diagonal{{.c1 = 0.7, .c3 = -0.4, .length = 40}, 2, -1};

TEST(Cgl, FollowsAPlaneWave) {
    EXPECT_LT(diagonal.error(32, 0.01, 10), 1e-3);
    constexpr Wave steep{{.c1 = -0.5, .c3 = 0.9, .length = 25}, 0, 1};
    EXPECT_LT(steep.error(40, 0.01, 10), 1e-3); // a side that is no power of two
}

TEST(Cgl, IsOfSecondOrderInTime) {
    double coarse = diagonal.error(16, 0.1, 4);
    for (double dt : {0.05, 0.025, 0.0125}) {
        double const fine = diagonal.error(16, dt, 4);
        EXPECT_NEAR(std::log2(coarse / fine), 2, 0.2) << dt;
        coarse = fine;
    }
    EXPECT_LT(coarse, 1e-3);
}

TEST(Cgl, GrowsFromNoiseToFullAmplitude) {
    CglField field = field_of(64, {});
    field.draw(1);
    auto const [mean, deviation] = field.amplitude();
    EXPECT_NEAR(mean, 0.01 * std::sqrt(std::numbers::pi / 2), 5e-4); // Rayleigh's distribution
    EXPECT_NEAR(deviation, 0.01 * std::sqrt(2 - std::numbers::pi / 2), 5e-4);
    field.advance(1000);
    EXPECT_GT(field.amplitude().mean, 0.7);
    EXPECT_LT(field.amplitude().mean, 1);
}

TEST(Cgl, IsTheSameForTheSameInputs) {
    auto const solved = [](std::int64_t seed) {
        CglField field = field_of(48, {});
        field.draw(seed);
        field.advance(50);
        return numbers_of(field);
    };
    Numbers const first = solved(7);
    for (std::size_t length = 16; length < 16 + 8 * (Transforms::kept + 2); length += 8)
        Transforms::of(length); // others take the place of what was kept
    EXPECT_EQ(first, solved(7));
    EXPECT_NE(first, solved(8));
}

TEST(Cgl, StaysWhereItWasWithoutAStep) {
    CglField field = field_of(16, {});
    Numbers const start = diagonal.all(16, 0.3);
    field.set(start.real, start.imaginary);
    field.advance(0);
    EXPECT_EQ(numbers_of(field), start);
}

TEST(Cgl, OfZeroIsZero) {
    CglField field = field_of(16, {});
    field.advance(10);
    EXPECT_EQ(field.amplitude().mean, 0);
}

TEST(Cgl, SaysWhenNumbersAreLost) {
    CglField field = field_of(16, {.dt = 1});
    std::vector<double> const large(256, 1e120);
    field.set(large, large);
    try {
        field.advance(10);
        FAIL() << "it went on";
    } catch (const Error &error) {
        EXPECT_EQ(error.kind(), ErrorKind::out_of_range);
        EXPECT_STREQ(error.what(), "the field is no longer finite");
    }
}

TEST(Cgl, RefusesWhatCannotBeSolved) {
    double const nothing = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t const side : {0, 8, 20, 1032})
        EXPECT_THROW(check(side, {}), Error) << side;
    for (const CglParameters &parameters :
         {CglParameters{.c1 = 101}, CglParameters{.c3 = nothing}, CglParameters{.length = 0},
          CglParameters{.dt = 0}, CglParameters{.dt = 1.5}, CglParameters{.noise = -1}})
        EXPECT_THROW(check(64, parameters), Error);
    EXPECT_NO_THROW(check(24, {}));
}

TEST(Cgl, StopsWhenItIsTold) {
    static int left = 0;
    struct Told {};
    Stop const stop([] {
        if (--left < 0)
            throw Told{};
    });
    left = 1000;
    CglField field(64, {}, std::pmr::new_delete_resource(), stop);
    field.draw(1);
    left = 5;
    EXPECT_THROW(field.advance(1), Told); // within the first step
}

TEST(FieldKernels, AgreeOnFields) {
    std::vector<double> row(64);
    std::vector<double> carried(64);
    std::vector<double> tables(192);
    for (std::vector<double> *const numbers : {&row, &carried, &tables})
        for (std::size_t i = 0; i < numbers->size(); ++i)
            (*numbers)[i] = std::sin(static_cast<double>(7 * i + numbers->size()));
    auto const results = [&](const FieldKernels &kernels) {
        std::vector<double> n = row;
        std::vector<double> after = carried;
        kernels.react(n.data(), n.size(), 0.6, 1.3);
        kernels.advance(n.data(), after.data(), tables.data(), n.size());
        n.insert(n.end(), after.begin(), after.end());
        return n;
    };
    std::vector<double> const wanted = results(portable_field_kernels());
    Complex const a(1.3 * row[2], 1.3 * row[3]);
    Complex const n = -Complex(1, -0.6) * std::norm(a) * a;
    Complex const h = Complex(carried[2], carried[3]) + Complex(tables[66], tables[67]) * n;
    EXPECT_NEAR(wanted[2], h.real(), 1e-13);
    EXPECT_NEAR(wanted[3], h.imag(), 1e-13);
    Complex const next = Complex(tables[2], tables[3]) * h + Complex(tables[130], tables[131]) * n;
    EXPECT_NEAR(wanted[66], next.real(), 1e-13);
    EXPECT_NEAR(wanted[67], next.imag(), 1e-13);
    for (const FieldKernels *const kernels : {avx2_field_kernels(), avx512_field_kernels(), &field_kernels()})
        if (kernels != nullptr) {
            std::vector<double> const found = results(*kernels);
            for (std::size_t i = 0; i < found.size(); ++i)
                EXPECT_NEAR(found[i], wanted[i], 1e-13) << kernels->name << ' ' << i;
        }
}

} // namespace
} // namespace steward::core
